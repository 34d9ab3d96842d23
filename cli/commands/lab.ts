/** lab up | down | status | logs | exec | traffic | break: a real mesh on one machine. */
import type { Command } from 'commander';
import { breakUsage } from '../../infra/lab/break-usage.ts';
import type * as labVerbs from '../lab/lab.ts';
import type { LabPlace, TrafficOptions } from '../lab/lab.ts';
import type { CommandContext } from './context.ts';

type On = (name: string, description: string, examples: readonly string[]) => Command;
type Lab = typeof labVerbs;

const about =
  'a real mesh on one machine (Linux, no root, no Docker): API servers, Cilium, Envoys, Temporal, Prometheus, demo pods';

export function addLab(program: Command, context: CommandContext): void {
  const lab = program.command('lab').description(about).enablePositionalOptions();
  lab.addHelpText(
    'after',
    examplesText(['tidegate lab up', 'tidegate lab exec -- kubectl get pods', 'tidegate lab down']),
  );
  const on: On = (name, description, examples) =>
    lab
      .command(name)
      .description(description)
      .option('--name <name>', 'which lab, when several are up (default: $TIDEGATE_LAB, else shop)')
      .addHelpText('after', examplesText(examples));
  addLife(on, context);
  addInside(on, context);
}

const examplesText = (examples: readonly string[]): string =>
  `\nExamples:\n${examples.map((example) => `  ${example}\n`).join('')}`;

/** Runs a verb with the lab's code, which is loaded only then. */
const running =
  ({ done }: CommandContext) =>
  async (verb: (lab: Lab) => Promise<number>): Promise<void> =>
    done(await verb(await import('../lab/lab.ts')));

function addLife(on: On, context: CommandContext): void {
  const { io } = context;
  const run = running(context);
  on('up', 'start it, print its environment (first time: builds its programs, about 15 minutes)', [
    'eval "$(tidegate lab up)"   # then this shell talks to the lab',
  ]).action((place: LabPlace) => run((lab) => lab.up(place, io)));
  on('down', 'end it; nothing of it is left', ['tidegate lab down']).action((place: LabPlace) =>
    run((lab) => lab.down(place, io)),
  );
  on('status', 'its processes, and the addresses of its parts', ['tidegate lab status']).action((place: LabPlace) =>
    run((lab) => lab.status(place, io)),
  );
  on('logs', 'follow the log of a process; without one the supervisor’s. lab status has their names', [
    'tidegate lab logs worker',
  ])
    .argument('[process]')
    .action((process: string | undefined, place: LabPlace) => run((lab) => lab.logs(place, process, io)));
}

function addInside(on: On, context: CommandContext): void {
  const { io } = context;
  const run = running(context);
  on('exec', 'run a command with KUBECONFIG, TEMPORAL_ADDRESS, PROMETHEUS_URL and TIDEGATE_CONFIG set', [
    'tidegate lab exec -- tidegate doctor',
    'tidegate lab exec -- kubectl --context aws-us-east-1 get pods -A',
  ])
    .argument('<command...>')
    .passThroughOptions()
    .action((command: string[], place: LabPlace) => run((lab) => lab.exec(place, command, io)));
  on('traffic', 'requests from every cluster to a service: start, stop, or report what clients saw', [
    'tidegate lab traffic checkout --rate 100',
    'tidegate lab traffic report   # a table; -o json has every failure',
    'tidegate lab traffic stop',
  ])
    .argument('[what]', 'a service to call, stop, or report', 'report')
    .option('--rate <n>', 'requests per second from each cluster (default: 200)')
    .option('-o, --output <format>', 'with report: json')
    .action((what: string, options: TrafficOptions) => run((lab) => lab.traffic(what, options, io)));
  on('break', 'make something fail, or put it right again', [
    'tidegate lab break errors checkout v2 --ratio 0.08 --cluster aws-us-east-1',
    'tidegate lab break heal',
  ])
    .argument('<what...>')
    .usage('[--name NAME] WHAT …')
    .allowUnknownOption()
    .passThroughOptions()
    .addHelpText('after', `\nWHAT is one of:\n${breakUsage.replace(/^/gm, '  ')}`)
    .action((what: string[], place: LabPlace) => run((lab) => lab.breakSomething(place, what, io)));
}

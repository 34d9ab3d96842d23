/** validate, worker, doctor, demo, lab: commands that need no running rollout. */
import type { Command } from 'commander';
import type { WorkerOptions } from './worker.ts';
import { placed, placeOf, type CommandContext, type Place } from './context.ts';
import { present } from '../../core/values/json.ts';

export function addLocal(program: Command, { io, done }: CommandContext): void {
  program
    .command('validate [paths...]')
    .description('check config files: all errors at once, with file and line')
    .option('-o, --output <format>', 'json')
    .action(async (paths: string[], { output }: { output?: string }) => {
      const { validateCommand } = await import('./validate.ts');
      const given = paths.length > 0 ? paths : [io.env['TIDEGATE_CONFIG'] ?? '.'];
      done(await validateCommand({ paths: given, ...(output === 'json' ? { output } : {}) }, io));
    });
  program
    .command('worker')
    .description('run the workers: workflows, writes, watches, restores')
    .option('--config <dir>', 'config directory (default: $TIDEGATE_CONFIG)')
    .option(
      '--otlp-listen <host:port>',
      'receive OTLP metrics over HTTP, for meshes with metrics: {otlp: {}}; best on loopback, behind a collector (default: $TIDEGATE_OTLP_LISTEN; off)',
    )
    .option(
      '--otlp-token-env <name>',
      'environment variable with the bearer token that senders of metrics must show (default: $TIDEGATE_OTLP_TOKEN_ENV; no token)',
    )
    .action(async (options: WorkerOptions) => {
      const { workerCommand } = await import('./worker.ts');
      done(await workerCommand(options, io));
    });
  placed(
    program
      .command('doctor [service]')
      .description('check reach, permissions, labels, metrics and foreign routes; changes nothing'),
  ).action(async (service: string | undefined, place: Place) => {
    const { doctorCommand } = await import('../doctor/doctor.ts');
    done(await doctorCommand({ ...present({ service }), ...placeOf(place) }, io));
  });
}

export function addLab(program: Command, { io, done }: CommandContext): void {
  program
    .command('demo')
    .description('the whole story on one machine: adopt, promote, breach, restore, undo')
    .option('--keep', 'leave the lab up at the end, until Ctrl-C')
    .option('--report <file>', 'write the summary as JSON')
    .action(async (options: { keep?: boolean; report?: string }) => {
      const { demoCommand } = await import('../lab/demo.ts');
      done(await demoCommand(options, io));
    });
  program
    .command('lab')
    .description('a real mesh on one machine: up, down, status, logs, exec, traffic, break')
    .argument('[verb]')
    .argument('[args...]')
    .allowUnknownOption()
    .passThroughOptions()
    .helpOption(false)
    .action(async (verb: string | undefined, args: string[]) => {
      const { labCommand } = await import('../lab/lab.ts');
      done(await labCommand(verb ?? 'help', args, io));
    });
}

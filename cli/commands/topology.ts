/** topology plan|explain|apply|drill: who should answer the calls of which cluster, why, the move there, and the trial. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { present } from '../../core/values/json.ts';
import type { TopologyPlanArgs } from '../topology/plan.ts';
import { WHOLE } from '../../core/values/share.ts';
import { changing, leavingOut, queueing, startAndFollow, type ChangeOptions } from './changes/change.ts';
import { placed, placeOf, withTemporal, type CommandContext, type ServicePlace } from './context.ts';

export function addTopology(program: Command, context: CommandContext): void {
  const topology = program.command('topology').description('who answers the calls of which cluster');
  const apply =
    'move calls to the serving clusters of spec.topology, watched (what it would do: tidegate plan --topology)';
  queueing(leavingOut(changing(topology, 'apply', apply))).action((service: string, options: ChangeOptions) => {
    const change = { kind: 'topology', ...present({ without: options.without }) } as const;
    return startAndFollow(context, { service, change, options });
  });
  addDrill(topology, context);
  planning(topology, context, 'plan', 'plan shares from a TopologyInput file; reads that file only, moves nothing');
  planning(topology, context, 'explain', 'why that plan: limits that bind, what room is worth, what other ways cost');
}

interface DrillOptions extends ServicePlace {
  readonly cluster: string;
  readonly share: number;
  readonly service?: string;
  readonly reason?: string;
  readonly detach?: boolean;
  readonly output?: 'json';
}

function addDrill(topology: Command, context: CommandContext): void {
  placed(topology.command('drill'))
    .description('do the others carry the calls of this cluster? moved off it in steps, watched, and back by itself')
    .requiredOption('--cluster <name>', 'the cluster that shall not be needed')
    .option('--share <percent>', 'how much of what it answers is moved at most', partsOf, WHOLE)
    .option('--service <name>', 'of this service only (default: of all that call it)')
    .option('--reason <text>', 'why; told in the report')
    .option('-d, --detach', 'do not follow it; print its workflow id')
    .addOption(new Option('-o, --output <format>', 'the whole result').choices(['json']))
    .addHelpText(
      'after',
      '\nNothing of it is committed; a breach, an abort or an end of its workflow brings the calls back.\nExit codes: 0 every service has held, 3 one has not (all are back), 4 one was not begun, 2 bad input.',
    )
    .action(({ cluster, share, service, reason, detach, output, ...place }: DrillOptions) =>
      withTemporal(context, async ({ client }) => {
        const { drillNow } = await import('../rollouts/drill.ts');
        const by = context.io.env['USER'] ?? 'somebody';
        const input = { cluster, by, ...placeOf(place), ...present({ service, reason }) };
        return drillNow(client, context.io, {
          input: { ...input, ...(share !== WHOLE && { share }) },
          ...{ detach: detach === true, json: output === 'json' },
        });
      }),
    );
}

function partsOf(percent: string): number {
  const parts = Math.round((Number(percent.replace(/%$/, '')) / 100) * WHOLE);
  if (parts >= 1 && parts <= WHOLE) return parts;
  throw new InvalidArgumentError('write a percentage above 0, up to 100');
}

type PlanOptions = Omit<TopologyPlanArgs, 'file' | 'explain'>;

function planning(topology: Command, { io, done }: CommandContext, name: 'plan' | 'explain', about: string): void {
  topology
    .command(`${name} <file>`)
    .description(about)
    .option('--without <cluster...>', 'what if these clusters were not there; their clients come in elsewhere')
    .option('--demand <change...>', 'what if a class, or all classes that call a service, changed: checkout=+40%')
    .option('--svg <file>', 'write a picture of who answers whom')
    .addOption(new Option('-o, --output <format>', 'the whole plan').choices(['json']))
    .addHelpText(
      'after',
      '\nExit codes: 0 planned, 4 above a limit, or tier 1 would not survive the loss of a cluster, 2 bad input.',
    )
    .action(async (file: string, options: PlanOptions) => {
      const { topologyPlanCommand } = await import('../topology/plan.ts');
      done(await topologyPlanCommand({ ...options, file, explain: name === 'explain' }, io));
    });
}

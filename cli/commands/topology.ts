/** topology plan|explain|apply: who should answer the calls of which cluster, why, and the move there. */
import { Option, type Command } from 'commander';
import { present } from '../../core/values/json.ts';
import type { TopologyPlanArgs } from '../topology/plan.ts';
import { changing, leavingOut, queueing, startAndFollow, type ChangeOptions } from './changes/change.ts';
import type { CommandContext } from './context.ts';

export function addTopology(program: Command, context: CommandContext): void {
  const topology = program.command('topology').description('who answers the calls of which cluster');
  const apply =
    'move calls to the serving clusters of spec.topology, watched (what it would do: tidegate plan --topology)';
  queueing(leavingOut(changing(topology, 'apply', apply))).action((service: string, options: ChangeOptions) => {
    const change = { kind: 'topology', ...present({ without: options.without }) } as const;
    return startAndFollow(context, { service, change, options });
  });
  planning(topology, context, 'plan', 'plan shares from a TopologyInput file; reads that file only, moves nothing');
  planning(topology, context, 'explain', 'why that plan: limits that bind, what room is worth, what other ways cost');
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

/** topology apply: calls go to the serving clusters that the Service document names. */
import type { Command } from 'commander';
import { present } from '../../core/values/json.ts';
import { changing, leavingOut, queueing, startAndFollow, type ChangeOptions } from './change.ts';
import type { CommandContext } from './context.ts';

export function addTopology(program: Command, context: CommandContext): void {
  const topology = program.command('topology').description('who answers the calls of which cluster');
  const apply =
    'move calls to the serving clusters of spec.topology, watched (what it would do: tidegate plan --topology)';
  queueing(leavingOut(changing(topology, 'apply', apply))).action((service: string, options: ChangeOptions) => {
    const change = { kind: 'topology', ...present({ without: options.without }) } as const;
    return startAndFollow(context, { service, change, options });
  });
}

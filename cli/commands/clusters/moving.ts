/** cluster drain, cluster restore: one is taken out of the traffic, and comes back to it. */
import type { Command } from 'commander';
import { present } from '../../../core/values/json.ts';
import { leavingOut } from '../changes/change.ts';
import { placed, placeOf, withTemporal, type CommandContext, type ServicePlace } from '../context.ts';

interface MovingOptions extends ServicePlace {
  readonly service?: string;
  readonly without?: readonly string[];
  readonly detach?: boolean;
}

interface Moving {
  /** The command whose own this one becomes. */
  readonly under: Command;
  readonly does: 'drain' | 'restore';
  readonly description: string;
}

export function addMoving(context: CommandContext, { under, does, description }: Moving): void {
  leavingOut(placed(under.command(`${does} <cluster>`).description(description)))
    .option('--service <name>', 'of this service only (default: of all that call it)')
    .option('-d, --detach', 'do not follow it; print its workflow id')
    .addHelpText('after', '\nIt starts and stops no pod. Asked for again it goes on with what was left.')
    .action((name: string, { service, without, detach, ...place }: MovingOptions) =>
      withTemporal(context, async ({ client }) => {
        const { drainNow } = await import('../../rollouts/drain.ts');
        const by = context.io.env['USER'] ?? 'somebody';
        const input = { cluster: name, does, by, ...placeOf(place), ...present({ service, without }) };
        return drainNow(client, context.io, { input, detach: detach === true });
      }),
    );
}

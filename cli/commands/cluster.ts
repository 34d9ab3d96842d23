/** cluster: one that was given up will not come back; one is taken out of the traffic, and comes back to it. */
import type { Command } from 'commander';
import { present } from '../../core/values/json.ts';
import { refuse } from '../../core/values/error.ts';
import { leavingOut } from './change.ts';
import { placed, placeOf, withTemporal, type CommandContext, type ServicePlace } from './context.ts';

interface ForgetOptions {
  readonly mesh?: string;
  readonly yes?: boolean;
}

export function addCluster(program: Command, context: CommandContext): void {
  const cluster = program.command('cluster').description('clusters of the mesh');
  const out = 'take it out of the traffic: others answer its calls, service by service, each proven and judged';
  moving(context, { cluster, does: 'drain', description: out });
  moving(context, { cluster, does: 'restore', description: 'one that was drained gets the calls again that it had' });
  cluster
    .command('forget <cluster>')
    .description('one that was given up will not come back: versions that only its Envoys may still call can go')
    .option('-m, --mesh <name>', 'mesh, when the config has several')
    .option('--yes', 'its Envoys are down, and stay down')
    .addHelpText('after', '\nIt changes no share and no topology. A cluster that answers is not forgotten.')
    .action((name: string, { mesh, yes }: ForgetOptions) => {
      if (yes !== true) {
        refuse(
          'Invalid',
          `Envoys of ${name} that still run would call versions that are taken away`,
          'make sure that they are down, and say it with --yes',
        );
      }
      return withTemporal(context, async ({ client }) => {
        const { forgetNow } = await import('../rollouts/forget-cluster.ts');
        return forgetNow(client, context.io, { ...present({ mesh }), cluster: name });
      });
    });
}

interface MovingOptions extends ServicePlace {
  readonly service?: string;
  readonly without?: readonly string[];
  readonly detach?: boolean;
}

interface Moving {
  readonly cluster: Command;
  readonly does: 'drain' | 'restore';
  readonly description: string;
}

function moving(context: CommandContext, { cluster, does, description }: Moving): void {
  leavingOut(placed(cluster.command(`${does} <cluster>`).description(description)))
    .option('--service <name>', 'of this service only (default: of all that call it)')
    .option('-d, --detach', 'do not follow it; print its workflow id')
    .addHelpText('after', '\nIt starts and stops no pod. Asked for again it goes on with what was left.')
    .action((name: string, { service, without, detach, ...place }: MovingOptions) =>
      withTemporal(context, async ({ client }) => {
        const { drainNow } = await import('../rollouts/drain.ts');
        const by = context.io.env['USER'] ?? 'somebody';
        const input = { cluster: name, does, by, ...placeOf(place), ...present({ service, without }) };
        return drainNow(client, context.io, { input, detach: detach === true });
      }),
    );
}

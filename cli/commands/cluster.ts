/** cluster forget: a cluster that was given up will not come back. */
import type { Command } from 'commander';
import { present } from '../../core/values/json.ts';
import { refuse } from '../../core/values/error.ts';
import { withTemporal, type CommandContext } from './context.ts';

interface ForgetOptions {
  readonly mesh?: string;
  readonly yes?: boolean;
}

export function addCluster(program: Command, context: CommandContext): void {
  program
    .command('cluster')
    .description('clusters of the mesh')
    .command('forget <cluster>')
    .description('one that was given up will not come back: versions that only its Envoys may still call can go')
    .option('-m, --mesh <name>', 'mesh, when the config has several')
    .option('--yes', 'its Envoys are down, and stay down')
    .addHelpText('after', '\nIt changes no share and no topology. A cluster that answers is not forgotten.')
    .action((cluster: string, { mesh, yes }: ForgetOptions) => {
      if (yes !== true) {
        refuse(
          'Invalid',
          `Envoys of ${cluster} that still run would call versions that are taken away`,
          'make sure that they are down, and say it with --yes',
        );
      }
      return withTemporal(context, async ({ client }) => {
        const { forgetNow } = await import('../rollouts/forget-cluster.ts');
        return forgetNow(client, context.io, { ...present({ mesh }), cluster });
      });
    });
}

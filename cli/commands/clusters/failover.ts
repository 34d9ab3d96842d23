/** cluster failover: one is lost, and a person says so. */
import type { Command } from 'commander';
import { present } from '../../../core/values/json.ts';
import { refuse } from '../../../core/values/error.ts';
import { withTemporal, type CommandContext } from '../context.ts';

interface FailoverOptions {
  readonly mesh?: string;
  readonly reason: string;
  readonly despitePauses?: true;
}

export function addFailover(under: Command, context: CommandContext): void {
  under
    .command('failover <cluster>')
    .description(
      'it is lost: calls of the others to it go elsewhere at once, where the evidence does not speak against it',
    )
    .option('-m, --mesh <name>', 'mesh (default: that of the config)')
    .requiredOption('--reason <text>', 'why; told with the evidence')
    .option('--despite-pauses', 'services and clusters that are paused, too: whoever paused them may be at work there')
    .addHelpText(
      'after',
      '\nIt needs a second source: an API server that does not answer, or calls of other clusters that fail. Back: cluster restore.',
    )
    .action((cluster: string, { mesh, reason, despitePauses }: FailoverOptions) =>
      withTemporal(context, async ({ client }) => {
        const { failOverNow } = await import('../../rollouts/fail-over.ts');
        const by = context.io.env['USER'] ?? 'somebody';
        return failOverNow(client, context.io, {
          ...{ cluster, mesh: mesh ?? (await meshOf(context.io.env['TIDEGATE_CONFIG'])), reason: `${by}: ${reason}` },
          ...present({ despitePauses }),
        });
      }),
    );
}

async function meshOf(directory: string | undefined): Promise<string> {
  if (directory === undefined)
    refuse('Invalid', 'which mesh is meant is not known', 'give --mesh NAME, or set TIDEGATE_CONFIG');
  const { createConfigLoader } = await import('../../../platform/config/load.ts');
  return (await createConfigLoader({ directory }).loadMesh()).name;
}

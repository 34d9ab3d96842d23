/** restore: put current traffic back to the proven one. */
import type { Command } from 'commander';
import { changing, startAndFollow, type ChangeOptions } from './change.ts';
import { placeOf, type CommandContext, type ServicePlace } from './context.ts';

interface RestoreOptions extends ChangeOptions {
  readonly fromCluster?: boolean;
}

export function addRestore(program: Command, context: CommandContext): void {
  changing(program, 'restore', 'put current traffic back to the proven one (after a terminated rollout)')
    .option('--from-cluster', 'without Temporal: reads the records in the clusters and writes them back from here')
    .action((service: string, options: RestoreOptions) =>
      options.fromCluster === true
        ? restoreHere(context, service, options)
        : startAndFollow(context, { service, change: { kind: 'restore' }, options }),
    );
}

async function restoreHere({ io, done }: CommandContext, service: string, options: ServicePlace): Promise<void> {
  const { restoreFromCluster } = await import('../rollouts/restore-from-cluster.ts');
  done(await restoreFromCluster({ service, ...placeOf(options) }, io));
}

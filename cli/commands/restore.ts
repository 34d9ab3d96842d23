/** restore: put current traffic back to the proven one. */
import type { Command } from 'commander';
import type { Part } from '../../core/routing/part.ts';
import { present } from '../../core/values/json.ts';
import { changing, leavingOut, startAndFollow, type ChangeOptions } from './changes/change.ts';
import { ofPart, placeOf, type CommandContext } from './context.ts';

interface RestoreOptions extends ChangeOptions {
  readonly part?: Part;
  readonly fromCluster?: boolean;
}

export function addRestore(program: Command, context: CommandContext): void {
  const restore = changing(
    program,
    'restore',
    'put current traffic back to the proven one (after a terminated rollout)',
  );
  ofPart(leavingOut(restore), 'what goes back (default: versions; with --from-cluster everything that is half moved)')
    .option('--from-cluster', 'without Temporal: reads the records in the clusters and writes them back from here')
    .action((service: string, options: RestoreOptions) => {
      if (options.fromCluster === true) return restoreHere(context, service, options);
      const change = { kind: 'restore', ...present({ without: options.without, part: options.part }) } as const;
      return startAndFollow(context, { service, change, options });
    });
}

async function restoreHere({ io, done }: CommandContext, service: string, options: RestoreOptions): Promise<void> {
  const { restoreFromCluster } = await import('../rollouts/restore-from-cluster.ts');
  done(
    await restoreFromCluster(
      { service, ...placeOf(options), without: options.without ?? [], ...present({ part: options.part }) },
      io,
    ),
  );
}

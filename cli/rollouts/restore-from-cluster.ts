/** `tidegate restore --from-cluster`: the way back with Temporal gone: the records in the clusters are all it needs. */
import { standaloneActivity, systemClock } from '../../activities/ports.ts';
import { readRecords } from '../../activities/apply/read-records.ts';
import { restore } from '../../activities/restore/restore.ts';
import type { Owner } from '../../core/routing/changes.ts';
import { refuse } from '../../core/values/error.ts';
import { serviceRef } from '../../core/rollout/plan/versions.ts';
import { createConfigLoader } from '../../platform/config/load.ts';
import { createClusters } from '../../platform/kube/clusters.ts';
import { exitCodes, type Io } from '../io.ts';
import type { NamedService } from './named-service.ts';

export async function restoreFromCluster(wanted: NamedService, io: Io): Promise<number> {
  const directory = io.env['TIDEGATE_CONFIG'];
  if (directory === undefined) {
    refuse('Invalid', 'the clusters are not known', 'set TIDEGATE_CONFIG to the config directory');
  }
  const config = await createConfigLoader({ directory }).load(wanted);
  const service = serviceRef(config);
  const refs = config.mesh.clusters.map((cluster) => cluster.ref);
  const clusters = createClusters();
  const deps = { clusters, clock: systemClock, activity: standaloneActivity(io.signal, io.now()) };
  try {
    const { epoch, clusters: found } = await readRecords(deps, { service, clusters: refs });
    const ownerOf = (cluster: string): Owner | null =>
      found.find((one) => one.cluster === cluster)?.record?.versions ?? null;
    const ends = await Promise.allSettled(
      refs.map((cluster) =>
        restore(deps, {
          service,
          cluster,
          epoch,
          run: `cli-${epoch}`,
          turn: 0,
          replaces: ownerOf(cluster.name),
          serving: [],
        }),
      ),
    );
    for (const [i, end] of ends.entries()) {
      const name = refs[i]?.name ?? '';
      if (end.status === 'rejected')
        io.stderr(`${name}: ${end.reason instanceof Error ? end.reason.message : String(end.reason)}\n`);
      else
        io.stdout(
          `${name}: ${end.value.changes.map((change) => `${change.object} ${change.action}`).join(', ') || 'nothing to restore'}\n`,
        );
    }
    return ends.every((end) => end.status === 'fulfilled') ? exitCodes.ok : exitCodes.needsPerson;
  } finally {
    await clusters.close();
  }
}

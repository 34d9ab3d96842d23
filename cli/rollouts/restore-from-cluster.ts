/** `tidegate restore --from-cluster`: the way back with Temporal gone: the records in the clusters are all it needs. */
import { standaloneActivity, systemClock, type KubeDeps } from '../../activities/ports.ts';
import { findRecord } from '../../activities/record-store.ts';
import { restore } from '../../activities/restore/restore.ts';
import type { ClusterRef } from '../../core/kube/cluster-ref.ts';
import { serviceRef } from '../../core/rollout/plan/frame.ts';
import { leftOutOf } from '../../core/rollout/plan/left-out.ts';

import type { ObjectChange } from '../../core/kube/object-change.ts';
import { halfMovedParts, partFlag, parts, type Part } from '../../core/routing/part.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import type { ServiceRef } from '../../core/routing/service-ref.ts';
import { TidegateError, refuse } from '../../core/values/error.ts';
import { present } from '../../core/values/json.ts';
import { createConfigLoader } from '../../platform/config/load.ts';
import { createClusters } from '../../platform/kube/clusters.ts';
import { configuredClusters } from '../configured-clusters.ts';
import type { Io } from '../io.ts';
import type { NamedService } from './named-service.ts';
import { restoreAll } from './restore-all.ts';

export interface RestoredService extends NamedService {
  /** Clusters that are not even asked. */
  readonly without: readonly string[];
  /** Absent: the versions, and every other part that is half moved. */
  readonly part?: Part;
}

export async function restoreFromCluster({ without, part, ...wanted }: RestoredService, io: Io): Promise<number> {
  const directory = io.env['TIDEGATE_CONFIG'];
  if (directory === undefined) {
    refuse('Invalid', 'the clusters are not known', 'set TIDEGATE_CONFIG to the config directory');
  }
  const config = await createConfigLoader({ directory }).load({ ...wanted, wayBack: 'restore' });
  for (const note of config.notes ?? []) io.stderr(`${note}\n`);
  const { absent } = leftOutOf({ config, facts: [], change: { kind: 'restore', without } });
  const names = config.mesh.clusters.map(({ ref }) => ref.name);
  const service = serviceRef(config);
  const clusters = createClusters();
  const deps: KubeDeps = {
    clusters: configuredClusters(clusters, config.mesh.clusters),
    clock: systemClock,
    activity: standaloneActivity(io.signal, io.now()),
  };
  try {
    return await restoreAll(
      { service: service.service, clusters: names, absent, ...present({ part }) },
      (name) => bringBack(deps, { service, cluster: { name }, ...present({ part }) }),
      io,
    );
  } finally {
    await clusters.close();
  }
}

interface BringBack {
  readonly service: ServiceRef;
  readonly cluster: ClusterRef;
  readonly part?: Part;
}

/** One attempt: what was done, or undefined where there is no record. Every cluster is asked by itself, so that none waits. */
export async function bringBack(deps: KubeDeps, { service, cluster, part }: BringBack): Promise<string | undefined> {
  const at = { cluster: await deps.clusters.connect({ service, cluster }), service };
  const { record } = await findRecord(at);
  if (record === null) return undefined;
  const epoch = Math.max(deps.clock.nowMs(), 1 + Math.max(...parts.map((one) => record[one].epoch)));
  const run = `cli-${epoch}`;
  const back = part === undefined ? [...new Set<Part>([...halfMovedParts(record), 'versions'])] : [part];
  const changes: ObjectChange[] = [];
  for (const one of back) {
    const by = { epoch, run, turn: 0, replaces: record[one] };
    changes.push(...(await restore(deps, { service, cluster, part: one, ...by, serving: [] })).changes);
  }
  assertBack((await findRecord(at)).record, { run, cluster: cluster.name, back });
  const done = changes.map((change) => `${change.object} ${change.action}`).join(', ');
  return done === '' ? 'it was back already' : done;
}

/** Read anew: a run that goes on beside this command may have written behind it. */
function assertBack(
  record: RoutingRecord | null,
  { run, cluster, back }: { run: string; cluster: string; back: readonly Part[] },
): void {
  if (record === null) {
    throw new TidegateError('Conflict', `${cluster}: the record was removed while it was restored`);
  }
  const half = halfMovedParts(record).find((part) => back.includes(part));
  if (half === undefined) return;
  const by = record[half].run;
  const who = by === run ? 'it was written, and is not stored as it was asked' : `run ${by} wrote behind it`;
  throw new TidegateError('Conflict', `${cluster}: current traffic still differs from the proven one: ${who}`, {
    fix: `end that run first (tidegate rollout abort${partFlag(half)}), or let it end`,
  });
}

/** What the facts of the clusters say to a change: who is adopted, what serves, where calls go. */
import type { LoadedConfig } from '../../config/types.ts';
import { type NewestByCluster, newestProven } from '../../routing/newest-proven.ts';
import { pinOf } from '../../routing/changes.ts';
import { calledBy, servedBy } from '../../routing/normal-form.ts';
import { halfMovedParts } from '../../routing/part.ts';
import { mainVersion } from '../../routing/weights.ts';
import { WHOLE, atZero, positiveNames, positiveShares, type Shares } from '../../values/share.ts';
import type { ClusterFacts, WorkloadFacts } from '../../workload/facts.ts';

/** Not (or not wholly) under Tidegate: no record, or one of an adoption that was not committed. */
export const isFresh = ({ record }: ClusterFacts): boolean => record === null || record.versions.proven === null;

/**
 * The workload that serves an unadopted frontend: the running Deployments that Tidegate did not make. After a release,
 * or with the route lost, the one that the frontend is pinned to: others of ours are on their way out.
 */
export const originals = ({ workloads, frontend }: ClusterFacts): WorkloadFacts[] => {
  const running = workloads.filter((workload) => workload.replicas > 0);
  const pinned = running.filter(({ managed, version }) => managed && version === frontend?.pinned);
  if (pinned.length > 0) return pinned;
  const foreign = running.filter(({ managed }) => !managed);
  return foreign.length > 0 ? foreign : running;
};

/** The Deployment of a version: ours, or (workload: external) somebody else's that carries the label. */
export const workloadOf = ({ workloads }: ClusterFacts, version: string | undefined): WorkloadFacts | undefined => {
  const named = workloads.filter((workload) => version !== undefined && workload.version === version);
  return named.find(({ managed }) => managed) ?? named[0];
};

/** Topology of a client cluster: recorded, or at adoption from the config (default: it answers its own calls). */
export function topologyOf(config: LoadedConfig, one: ClusterFacts, whole: number): Shares {
  const recorded = one.record?.topology.current;
  if (recorded) return recorded;
  return config.service.topology?.[one.cluster] ?? { [one.cluster]: whole };
}

/**
 * Whom a client cluster calls, or will when a topology move has ended, whichever way: shares of what is recorded as
 * current, with what is proven, or enters, beside it.
 */
export function callableFrom(config: LoadedConfig, one: ClusterFacts): Shares {
  const now = topologyOf(config, one, WHOLE);
  const record = one.record;
  if (record === null || !halfMovedParts(record).includes('topology')) return now;
  const shares = servedBy(record).map((name): [string, number] => {
    const { current, proven } = record.topology;
    return [name, Math.max(current?.[name] ?? 0, proven?.[name] ?? 0)];
  });
  return Object.fromEntries(shares);
}

/**
 * What is proven in a serving cluster: as a client that calls it has it, itself before others. Where nobody calls it any
 * more it is what the cluster is pinned to, as long as that is ready. null: nothing is.
 */
export function provenEntry(facts: readonly ClusterFacts[], serving: string): Shares | null {
  const own = facts.find(({ cluster }) => cluster === serving);
  const callers = [...(own === undefined ? [] : [own]), ...facts].filter(
    ({ record }) => record !== null && calledBy(record).includes(serving),
  );
  for (const { record } of callers) {
    const shares = positiveShares(record?.versions.proven?.[serving]);
    // A version that is warm comes too, at 0: an undo gives it a share in the very write that it begins with.
    if (positiveNames(shares).length > 0) return { ...atZero(record?.versions.current?.[serving]), ...shares };
  }
  const pin = pinOf(own?.record ?? null);
  const isReady = own !== undefined && pin !== '' && (workloadOf(own, pin)?.ready ?? 0) > 0;
  return isReady ? { [pin]: WHOLE } : null;
}

/** What is proven in a serving cluster, as any client's record says. */
export const provenIn = (facts: readonly ClusterFacts[], serving: string): string =>
  facts.map(({ record }) => mainVersion(record?.versions.proven?.[serving])).find((version) => version !== '') ?? '';

/** Commits that some of the clients have not heard of, of versions that are ready where they serve. */
export const newestIn = (facts: readonly ClusterFacts[]): NewestByCluster =>
  newestProven(
    facts.flatMap(({ record }) => (record === null ? [] : [record])),
    (version, cluster) => facts.some((one) => one.cluster === cluster && (workloadOf(one, version)?.ready ?? 0) > 0),
  );

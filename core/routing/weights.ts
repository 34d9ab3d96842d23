/** Shares and weights: the two-level split. A deploy (versions) never changes what a cluster gets in all (topology). */
import { refuse } from '../values/error.ts';
import { WHOLE, type Shares, byName, apportion, positiveNames, distinct } from '../values/share.ts';
import { statName, subsetName } from './names.ts';
import { servedBy } from './normal-form.ts';
import type { RoutingRecord, Subset, VersionShares, Weight } from './record.ts';

/**
 * The live subsets, sorted: every version named in versions.current[X] or versions.proven[X] (also with share 0: it is
 * warm, draining or entering) of every serving cluster X that topology.current names (with share 0, too) or .proven calls.
 */
export const subsetsOf = ({ topology, versions }: Pick<RoutingRecord, 'topology' | 'versions'>): readonly Subset[] =>
  servedBy({ topology }).flatMap((cluster) =>
    distinct([...Object.keys(versions.current?.[cluster] ?? {}), ...Object.keys(versions.proven?.[cluster] ?? {})]).map(
      (version) => ({ version, cluster }),
    ),
  );

const versionsIn = (record: RoutingRecord, versions: VersionShares, cluster: string): Shares => {
  const shares = versions[cluster];
  if (shares !== undefined && positiveNames(shares).length > 0) return shares;
  const where = `${record.cluster}/${record.namespace}/${record.service}`;
  refuse(
    'Invalid',
    `record of ${where}: ${cluster} gets traffic but has no version with a share`,
    `give a version in ${cluster} the whole share, or set its topology share to 0`,
  );
};

/**
 * One line per live subset, sorted by cluster and version. Positive weights sum to WHOLE; live subsets that `which` gives
 * nothing have weight 0. Empty when that part of the record does not exist (null: not under Tidegate).
 */
export const weightsOf = (record: RoutingRecord, which: 'current' | 'proven'): Weight[] => {
  const topology = record.topology[which];
  const versions = record.versions[which];
  if (topology === null || versions === null) return [];
  const perCluster = apportion(topology, WHOLE);
  const perVersion = new Map(
    positiveNames(topology).map((cluster) => [
      cluster,
      apportion(versionsIn(record, versions, cluster), perCluster[cluster] ?? 0),
    ]),
  );
  return subsetsOf(record).map((subset) => {
    const identity = { ...subset, namespace: record.namespace, service: record.service };
    return {
      ...subset,
      name: subsetName(identity),
      statName: statName(identity),
      weight: perVersion.get(subset.cluster)?.[subset.version] ?? 0,
    };
  });
};

/** Do two shares of versions send the same traffic? An entry of 0 is the same as no entry; null equals only null. */
export const sameTraffic = (a: VersionShares | null, b: VersionShares | null): boolean => {
  if (a === null || b === null) return a === b;
  const lines = (shares: VersionShares): string =>
    JSON.stringify(
      distinct(Object.keys(shares))
        .map((cluster) => [
          cluster,
          positiveNames(shares[cluster])
            .sort(byName)
            .map((v) => [v, shares[cluster]?.[v]]),
        ])
        .filter(([, versions]) => (versions?.length ?? 0) > 0),
    );
  return lines(a) === lines(b);
};

/** The version with the largest share, the first by name among equals; '' when there is none. */
export const mainVersion = (shares: Shares | undefined): string =>
  Object.entries(shares ?? {}).toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0] ?? '';

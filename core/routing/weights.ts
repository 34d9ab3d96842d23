/** Shares and weights: the two-level split. A deploy (versions) never changes what a cluster gets in all (topology). */
import { WHOLE } from '../contract/names.ts';
import { TidegateError } from '../contract/errors.ts';
import { statName, subsetName } from './names.ts';
import type { RoutingRecord, Shares, Subset, VersionShares, Weight } from './record.ts';

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Parts per million in one percent. */
const PERCENT = WHOLE / 100;

export interface SharesInput {
  readonly unit: 'percent' | 'ppm';
  /** What is being shared out, for messages: "topology of shop/checkout in aws-us-east-1". */
  readonly of: string;
}

/** Percent (fractions down to 0.0001 allowed) or ppm as people write them → checked ppm that sum to WHOLE. */
export const sharesOf = (parts: Readonly<Record<string, number>>, { unit, of }: SharesInput): Shares => {
  const scale = unit === 'percent' ? PERCENT : 1;
  const shares = Object.entries(parts)
    .sort(([a], [b]) => byName(a, b))
    .map(([name, part]): [string, number] => [name, Math.round(part * scale)]);
  const wrong = shares
    .filter(([name, ppm]) => !(ppm >= 0 && Math.abs(ppm - (parts[name] ?? NaN) * scale) < 1e-6))
    .map(([name]) => `${name}: ${String(parts[name])}`);
  if (wrong.length > 0) {
    throw new TidegateError('Invalid', `${of}: not a share of whole parts per million: ${wrong.join(', ')}`, {
      fix: `use numbers from 0 to ${String(WHOLE / scale)} in steps of ${String(1 / scale)}`,
    });
  }
  const total = sum(shares.map(([, ppm]) => ppm));
  if (total !== WHOLE) {
    throw new TidegateError(
      'Invalid',
      `${of}: shares sum to ${String(total / scale)} ${unit}, not ${String(WHOLE / scale)}`,
      {
        fix: 'make the shares sum to the whole; name what gets nothing with 0 or leave it out',
      },
    );
  }
  return Object.fromEntries(shares);
};

/**
 * Largest-remainder apportionment of `total` into integers in proportion to the shares; ties go to the first by name.
 * The result sums to `total` exactly. A positive share that would get 0 is an error, since it would be silently ignored.
 */
export const apportion = (shares: Shares, total: number): Readonly<Record<string, number>> => {
  const names = Object.keys(shares).sort(byName);
  const whole = sum(Object.values(shares));
  if (total === 0 || whole === 0) return Object.fromEntries(names.map((name) => [name, 0]));
  const product = (name: string): number => (shares[name] ?? 0) * total;
  const parts = new Map(names.map((name) => [name, Math.floor(product(name) / whole)]));
  const left = total - sum([...parts.values()]);
  const byRemainder = [...names].sort((a, b) => (product(b) % whole) - (product(a) % whole) || byName(a, b));
  for (const name of byRemainder.slice(0, left)) parts.set(name, (parts.get(name) ?? 0) + 1);
  const lost = names.filter((name) => (shares[name] ?? 0) > 0 && parts.get(name) === 0);
  if (lost.length > 0) {
    throw new TidegateError(
      'Invalid',
      `a positive share rounds to no traffic: ${lost.join(', ')} of ${String(total)} parts per million`,
      {
        fix: 'raise the share, or set it to 0',
      },
    );
  }
  return Object.fromEntries(parts);
};

const positive = (shares: Shares | null | undefined): string[] =>
  Object.entries(shares ?? {})
    .filter(([, share]) => share > 0)
    .map(([name]) => name);

const distinct = (names: readonly string[]): string[] => [...new Set(names)].sort(byName);

/**
 * The live subsets, sorted: every version named in versions.current[X] or versions.proven[X] (also with share 0: it is
 * warm, draining or entering) of every serving cluster X that has or had traffic by topology.current or .proven.
 */
export const subsetsOf = ({ topology, versions }: Pick<RoutingRecord, 'topology' | 'versions'>): readonly Subset[] =>
  distinct([...positive(topology.current), ...positive(topology.proven)]).flatMap((cluster) =>
    distinct([...Object.keys(versions.current?.[cluster] ?? {}), ...Object.keys(versions.proven?.[cluster] ?? {})]).map(
      (version) => ({ version, cluster }),
    ),
  );

const versionsIn = (record: RoutingRecord, versions: VersionShares, cluster: string): Shares => {
  const shares = versions[cluster];
  if (shares !== undefined && positive(shares).length > 0) return shares;
  const where = `${record.cluster}/${record.namespace}/${record.service}`;
  throw new TidegateError('Invalid', `record of ${where}: ${cluster} gets traffic but has no version with a share`, {
    fix: `give a version in ${cluster} the whole share, or set its topology share to 0`,
  });
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
    positive(topology).map((cluster) => [
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
          positive(shares[cluster])
            .sort(byName)
            .map((v) => [v, shares[cluster]?.[v]]),
        ])
        .filter(([, versions]) => (versions?.length ?? 0) > 0),
    );
  return lines(a) === lines(b);
};

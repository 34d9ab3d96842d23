/**
 * What was committed last for a serving cluster, where the records of its clients disagree: a commit that ended half way,
 * a client that was away, an etcd backup. A commit comes after every step was proven, so it is finished and not undone.
 */
import type { Shares } from '../values/share.ts';
import type { RoutingRecord } from './record.ts';
import { mainVersion, sameTraffic } from './weights.ts';

export interface NewestProven {
  /** Epoch of the commit. */
  readonly epoch: number;
  readonly shares: Shares;
}

/**
 * By serving cluster, only where clients that call it disagree. Not in it is where the newest commits disagree (an edit by
 * hand), or what was committed last cannot serve: then a person says what all shall serve.
 */
export type NewestByCluster = Readonly<Record<string, NewestProven>>;

export function newestProven(
  records: readonly RoutingRecord[],
  canServe: (version: string, cluster: string) => boolean,
): NewestByCluster {
  const serving = new Set(records.flatMap(({ versions }) => Object.keys(versions.proven ?? {})));
  return Object.fromEntries(
    [...serving].flatMap((name) => {
      const said = records.flatMap((record) => saidOf(record, name));
      const epoch = Math.max(...said.map((one) => one.epoch));
      const [newest, ...equal] = said.filter((one) => one.epoch === epoch);
      const told = newest !== undefined && equal.every((one) => sameEntry(one.shares, newest.shares));
      return told &&
        canServe(mainVersion(newest.shares), name) &&
        said.some((one) => !sameEntry(one.shares, newest.shares))
        ? [[name, newest]]
        : [];
    }),
  );
}

/** Only who calls a cluster has a say in what is proven there. */
function saidOf({ topology, versions }: RoutingRecord, serving: string): NewestProven[] {
  const shares = versions.proven?.[serving];
  if (shares === undefined || (topology.current?.[serving] ?? 0) === 0) return [];
  return [{ epoch: versions.commits?.[serving] ?? 0, shares }];
}

const sameEntry = (a: Shares, b: Shares): boolean => sameTraffic({ a }, { a: b });

/** Serving clusters in which the record has not heard of the newest commit. */
export const isBehindIn = (record: RoutingRecord, newest: NewestByCluster): string[] =>
  Object.entries(newest)
    .filter(([name, { shares }]) => saidOf(record, name).some((said) => !sameEntry(said.shares, shares)))
    .map(([name]) => name);

/** The record with the newest commits; the pin of its own cluster follows. */
export function withNewest(record: RoutingRecord, newest: NewestByCluster): RoutingRecord {
  const { versions, cluster } = record;
  const behind = isBehindIn(record, newest).flatMap((name) => {
    const known = newest[name];
    return known === undefined || known.epoch < (versions.commits?.[name] ?? 0) ? [] : [{ name, ...known }];
  });
  if (behind.length === 0) return record;
  const entries = <T>(pick: (one: (typeof behind)[number]) => T): Record<string, T> =>
    Object.fromEntries(behind.map((one) => [one.name, pick(one)]));
  const pin = behind.some(({ name }) => name === cluster) ? { pin: mainVersion(newest[cluster]?.shares) } : {};
  return {
    ...record,
    ...pin,
    versions: {
      ...versions,
      proven: { ...versions.proven, ...entries(({ shares }) => shares) },
      previous: { ...versions.previous, ...entries(({ name }) => mainVersion(versions.proven?.[name])) },
      commits: { ...versions.commits, ...entries(({ epoch }) => epoch) },
    },
  };
}

/** A record says something about the serving clusters of its own topology only; anything else there is a leftover. */
import { distinct, positiveNames } from '../values/share.ts';
import type { RoutingRecord, VersionShares } from './record.ts';

type Routed = Pick<RoutingRecord, 'topology'>;

/** Serving clusters that this client's calls go to, now or after a way back. */
export const calledBy = ({ topology }: Routed): string[] =>
  distinct([...positiveNames(topology.current), ...positiveNames(topology.proven)]);

/** … and those that enter or leave: they are in the current topology with a share of 0, and Envoy knows them. */
export const servedBy = ({ topology }: Routed): string[] =>
  distinct([...Object.keys(topology.current ?? {}), ...positiveNames(topology.proven)]);

/** Serving clusters that this client calls no more, and will not after a way back, though its Envoys know them yet. */
export const leavingFrom = (record: Routed): string[] =>
  servedBy(record).filter((name) => !calledBy(record).includes(name));

/** The record without entries of serving clusters that its topology does not name. Idempotent; a record in normal form is returned as it is. */
export function inNormalForm(record: RoutingRecord): RoutingRecord {
  const own = new Set(servedBy(record));
  const { versions } = record;
  const named = [versions.current, versions.proven, versions.previous, versions.commits].flatMap((part) =>
    Object.keys(part ?? {}),
  );
  if (named.every((cluster) => own.has(cluster))) return record;
  return {
    ...record,
    versions: {
      ...versions,
      current: kept(versions.current, own),
      proven: kept(versions.proven, own),
      previous: ofOwn(versions.previous, own),
      ...(versions.commits !== undefined && { commits: ofOwn(versions.commits, own) }),
    },
  };
}

const kept = (part: VersionShares | null, own: ReadonlySet<string>): VersionShares | null =>
  part === null ? null : ofOwn(part, own);

const ofOwn = <T>(entries: Readonly<Record<string, T>>, own: ReadonlySet<string>): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(entries).filter(([cluster]) => own.has(cluster)));

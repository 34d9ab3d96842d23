/** A record says something about the serving clusters of its own topology only; anything else there is a leftover. */
import { positiveNames } from '../values/share.ts';
import type { RoutingRecord, VersionShares } from './record.ts';

/** Serving clusters that this client's calls go to, now or after a way back. */
const servedBy = ({ topology }: Pick<RoutingRecord, 'topology'>): ReadonlySet<string> =>
  new Set([...positiveNames(topology.current), ...positiveNames(topology.proven)]);

/** The record without entries of other serving clusters. Idempotent; a record in normal form is returned as it is. */
export function inNormalForm(record: RoutingRecord): RoutingRecord {
  const own = servedBy(record);
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

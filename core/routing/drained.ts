/** Serving clusters that a person has drained: who answers in their place, and what they come back to. Pure. */
import { refuse } from '../values/error.ts';
import { WHOLE, apportion, positiveNames, positiveShares, sum, type Shares } from '../values/share.ts';
import type { Drained } from './record.ts';

export interface Spreading {
  /** Clusters that get nothing. */
  readonly drained: readonly string[];
  /** Who takes all that they leave, the first that can: spec.failover. Empty: everybody who answers already, in proportion. */
  readonly failover: readonly string[];
  /** Clusters where something is proven: they can take calls of a client that does not call them yet. */
  readonly able: readonly string[];
  /** Only those that are able take more than they have, as long as there is one. Absent: so does whoever answers already. */
  readonly ableFirst?: true;
  /** What each has room for; then they take by that. Absent: it is not known. */
  readonly room?: Readonly<Record<string, number>>;
  /** For messages: "calls of aws-us-east-1". */
  readonly of: string;
}

/** The shares without the drained clusters. One that is drained never gets any, whatever else stands in the way. */
export function spread(from: Shares, spreading: Spreading): Shares {
  const { drained, failover, able, of, ableFirst = false } = spreading;
  const shares = positiveShares(from);
  const names = positiveNames(shares);
  const kept = Object.fromEntries(Object.entries(shares).filter(([name]) => !drained.includes(name)));
  if (names.every((name) => Object.hasOwn(kept, name))) return shares;
  const isAble = (name: string): boolean => able.includes(name) || (!ableFirst && names.includes(name));
  const canTake = (name: string): boolean => !drained.includes(name) && isAble(name);
  const left = WHOLE - sum(Object.values(kept));
  const roomy = partsByRoom(spreading.room ?? {}, canTake);
  if (positiveNames(roomy).length > 0 && left >= COARSE) return joined(kept, apportion(roomy, left));
  const heir = failover.find(canTake);
  if (heir !== undefined) return { ...kept, [heir]: (kept[heir] ?? 0) + left };
  const taking = Object.fromEntries(Object.entries(kept).filter(([name]) => canTake(name)));
  if (positiveNames(taking).length > 0) return { ...kept, ...apportion(taking, sum(Object.values(taking)) + left) };
  const others = able.filter(canTake);
  if (others.length === 0 && ableFirst) return spread(from, { drained, failover, able, of });
  if (others.length === 0)
    refuse(
      'Invalid',
      `${of}: nobody else could answer them: nothing is proven in any cluster but ${drained.join(', ')}`,
      'run the service in another cluster, and adopt it there first',
    );
  return { ...kept, ...apportion(Object.fromEntries(others.map((name) => [name, 1])), left) };
}

/** Room is compared in thousandths: it was counted, and changes by the minute. */
const COARSE = 1_000;

function partsByRoom(room: Readonly<Record<string, number>>, canTake: (name: string) => boolean): Shares {
  const able = Object.entries(room).filter(([name]) => canTake(name));
  const all = sum(able.map(([, one]) => one));
  return positiveShares(Object.fromEntries(able.map(([name, one]) => [name, Math.round((one / all) * COARSE) || 0])));
}

const joined = (kept: Shares, more: Shares): Shares =>
  Object.fromEntries(
    [...new Set([...Object.keys(kept), ...Object.keys(more)])].map((name) => [
      name,
      (kept[name] ?? 0) + (more[name] ?? 0),
    ]),
  );

/** What a client's record is to remember of drains; undefined: no cluster that it would call is drained. */
export function rememberDrains(from: Shares, drains: Drained['clusters']): Drained | undefined {
  const called = Object.entries(drains).filter(([name]) => (from[name] ?? 0) > 0);
  return called.length === 0 ? undefined : { from: positiveShares(from), clusters: Object.fromEntries(called) };
}

/** Calls leave a lost cluster: the record is moved and proven in one write, so that no way back leads to it. Pure. */
import type { ClusterRef } from '../kube/cluster-ref.ts';
import { canonicalJson } from '../values/canonical.ts';
import { present } from '../values/json.ts';
import { positiveShares, type Shares } from '../values/share.ts';
import { withShares, type Writer } from './changes.ts';
import { committed } from './committed.ts';
import { spread } from './drained.ts';
import { calledBy } from './normal-form.ts';
import { sameShares } from './part.ts';
import type { Drained, RoutingRecord, VersionShares } from './record.ts';
import type { ServiceRef } from './service-ref.ts';

export interface FailingOver extends Writer {
  readonly service: ServiceRef;
  /** The client cluster. */
  readonly cluster: ClusterRef;
  readonly lost: string;
  /** When it was found lost, ms since the epoch. */
  readonly atMs: number;
  /** spec.failover: the first that can takes all that it leaves; empty: all that answer already, in proportion. */
  readonly failover: readonly string[];
  /** What is proven in each cluster that can take calls. */
  readonly serves: VersionShares;
  /** What each of them has room for of the calls of this client. Absent: it is not known. */
  readonly room?: Readonly<Record<string, number>>;
}

interface Elsewhere {
  readonly shares: Shares;
  readonly drained: Drained;
}

/** Where the calls of this client go instead; null: none go to the lost cluster, and none will. */
export function elsewhere(
  record: RoutingRecord,
  { lost, atMs, failover, serves, room }: FailingOver,
): Elsewhere | null {
  const { topology } = record;
  const from = topology.drained?.from ?? positiveShares(topology.proven);
  if ((from[lost] ?? 0) === 0 && (topology.current?.[lost] ?? 0) === 0) return null;
  const known = topology.drained?.clusters ?? {};
  const clusters = { ...known, [lost]: known[lost] ?? { atMs, lost: true as const } };
  const shares = spread(from, {
    drained: Object.keys(clusters),
    failover,
    able: Object.keys(serves).sort(),
    ableFirst: true,
    ...present({ room }),
    of: `${record.namespace}/${record.service}: calls of ${record.cluster}`,
  });
  return { shares, drained: { from, clusters } };
}

/** Clusters that this client would call anew: its Envoys must know them before they get a share. */
export const newcomersOf = (record: RoutingRecord, { shares }: Elsewhere): string[] =>
  Object.keys(shares).filter((name) => !calledBy(record).includes(name));

/** entering: newcomers come first, with a share of 0. Else all of it, proven at once; the record itself where that is so already. */
export function failedOver(record: RoutingRecord, input: FailingOver & { readonly entering?: true }): RoutingRecord {
  const to = elsewhere(record, input);
  if (to === null || isThere(record, to)) return record;
  const { service, cluster, epoch, run, turn, replaces, entering, serves: all } = input;
  const writer: Writer = { epoch, run, turn: turn ?? 0, ...(replaces !== undefined && { replaces }) };
  const newcomers = newcomersOf(record, to);
  const serves = Object.fromEntries(Object.entries(all).filter(([name]) => newcomers.includes(name)));
  const moved = withShares(record, {
    ...{ service, cluster, ...writer, topology: { shares: to.shares, serves } },
    ...(entering === true && { entering }),
  });
  return entering === true
    ? moved
    : committed(moved, { ...writer, serving: [], part: 'topology', drained: to.drained });
}

const isThere = ({ topology }: RoutingRecord, { shares, drained }: Elsewhere): boolean =>
  sameShares(topology.proven, shares) &&
  sameShares(topology.current, shares) &&
  canonicalJson(topology.drained ?? null) === canonicalJson(drained);

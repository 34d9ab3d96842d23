/** The parts of a routing record: each has its own owner, lock and epoch, and a run moves one of them. */
import { canonicalJson } from '../values/canonical.ts';
import { distinct, positiveShares } from '../values/share.ts';
import { inNormalForm, servedBy } from './normal-form.ts';
import type { RoutingRecord } from './record.ts';
import { hasRunRoutes } from './run-routes.ts';
import { sameTraffic } from './weights.ts';

export type Part = 'versions' | 'topology' | 'policy';

/** In the order in which they are settled: who is called must be known before what answers there. */
export const parts: readonly Part[] = ['topology', 'versions', 'policy'];

/** What older workers wrote names no part: there was one. */
export const partOf = ({ part = 'versions' }: { readonly part?: Part }): Part => part;

/** … and what new ones say of it: the versions go without a name, as older workers know them. */
export const partField = (part: Part): { readonly part?: Part } => (part === 'versions' ? {} : { part });

/** … as an option of the commands that speak of one part; they mean the versions by default. */
export const partFlag = (part: Part): string => (part === 'versions' ? '' : ` --part ${part}`);

/** How a promoted change of the part is taken back: only versions have an undo. */
export const takingBack = (part: Part): string => (part === 'versions' ? 'use undo' : `apply the former ${part}`);

/** Parts whose current differs from what is proven. Entries of clusters that this client does not call move nothing. */
export function halfMovedParts(record: RoutingRecord): Part[] {
  const { topology, versions, policy } = inNormalForm(record);
  const whole: Readonly<Record<Part, boolean>> = {
    topology: sameShares(topology.current, topology.proven),
    // Routes beside the split are a run's: where none owns them any more, they are to be closed.
    versions: sameTraffic(versions.current, versions.proven) && !hasRunRoutes({ versions }),
    policy: canonicalJson(policy.current) === canonicalJson(policy.proven),
  };
  return parts.filter((part) => !whole[part]);
}

/** The record's own cluster, and the serving clusters that get another traffic from it than what is proven; none where it is whole. */
export function movingIn(record: RoutingRecord): string[] {
  if (halfMovedParts(record).length === 0) return [];
  const { topology, versions } = inNormalForm(record);
  const to = (name: string, which: 'current' | 'proven'): unknown => [
    topology[which]?.[name] ?? 0,
    positiveShares(versions[which]?.[name] ?? {}),
  ];
  const differs = (name: string): boolean => canonicalJson(to(name, 'current')) !== canonicalJson(to(name, 'proven'));
  return distinct([record.cluster, ...servedBy(record).filter(differs)]);
}

/** Do two topologies send the same traffic? A share of 0 is the same as none; null equals only null. */
export const sameShares = (a: RoutingRecord['topology']['current'], b: RoutingRecord['topology']['current']): boolean =>
  sameTraffic(a === null ? null : { calls: a }, b === null ? null : { calls: b });

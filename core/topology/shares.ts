/** From flows to what can be applied: one share per serving cluster, for each service and client cluster. */
import { apportion, sum, WHOLE, type Shares } from '../values/share.ts';
import type { TopologyModel } from './model.ts';
import type { PricedTrees } from './program.ts';
import type { Optimum } from './optimise.ts';

/** By service, then by client cluster; a service that no request reaches may be missing. Parts per million. */
export type TopologyShares = Readonly<Record<string, Readonly<Record<string, Shares>>>>;

/** Shares below 0.1 % move too few calls to be seen, proven or judged. */
const LEAST_SHARE = 0.001;

/** Fewer calls per second than this are noise of the solver. */
const NOISE = 1e-9;

/**
 * Envoy splits by service: all classes and callers of a client cluster get one split, their sum. Where nobody calls from,
 * the best place answers: a client that is left out would answer its own calls, wherever they may be answered.
 */
export function sharesOfFlows(
  model: TopologyModel,
  { flows, trees }: Pick<Optimum, 'flows' | 'trees'>,
): TopologyShares {
  const rates = model.services.map(() => model.clusters.map(() => model.clusters.map(() => 0)));
  for (const { edge, from, to, rate } of flows) {
    const row = rates[model.edges[edge]?.to ?? -1]?.[from];
    if (row !== undefined) row[to] = (row[to] ?? 0) + Math.max(0, rate);
  }
  rates.forEach((rows, service) => {
    rows.forEach((row, from) => {
      if (sum(row) > NOISE) return;
      const best = bestPlace(model, trees, { service, from });
      rows[from] = row.map((_, to) => (to === best ? 1 : 0));
    });
  });
  return namedShares(model, rates);
}

/** -1: no call of the service may be answered anywhere. */
function bestPlace(
  { edges, clusters }: TopologyModel,
  { best, cost }: PricedTrees,
  { service, from }: { readonly service: number; readonly from: number },
): number {
  const calls = edges.flatMap(({ to }, edge) => (to === service ? [edge * clusters.length + from] : []));
  const [first] = calls.filter((at) => (best[at] ?? -1) >= 0).sort((a, b) => (cost[a] ?? 0) - (cost[b] ?? 0));
  return first === undefined ? -1 : (best[first] ?? -1);
}

/** `parts`: by service, client and serving cluster; rows of zeros are left out. */
export const namedShares = (
  { services, clusters }: TopologyModel,
  parts: readonly (readonly (readonly number[])[])[],
): TopologyShares =>
  Object.fromEntries(
    services.map((service, s) => [
      service,
      Object.fromEntries(
        clusters.flatMap((client, from) => {
          const row = parts[s]?.[from] ?? [];
          const total = sum(row);
          if (!(total > 0)) return [];
          const kept = row.flatMap((part, to) =>
            part / total >= LEAST_SHARE ? [[clusters[to] ?? '', Math.round((part / total) * 1e9)] as const] : [],
          );
          return [[client, apportion(Object.fromEntries(kept), WHOLE)] as const];
        }),
      ),
    ]),
  );

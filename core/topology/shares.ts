/** From flows to what can be applied: one share per serving cluster, for each service and client cluster. */
import { apportion, WHOLE, type Shares } from '../values/share.ts';
import type { TopologyModel } from './model.ts';
import type { Flow } from './optimise.ts';

/** By service, then by client cluster; a client cluster that calls nobody is missing. Parts per million. */
export type TopologyShares = Readonly<Record<string, Readonly<Record<string, Shares>>>>;

/** Shares below 0.1 % move too few calls to be seen, proven or judged. */
const LEAST_SHARE = 0.001;

/** Envoy splits by service: all classes and callers of a client cluster get one split, their sum. */
export function sharesOfFlows(model: TopologyModel, flows: readonly Flow[]): TopologyShares {
  const rates = model.services.map(() => model.clusters.map(() => model.clusters.map(() => 0)));
  for (const { edge, from, to, rate } of flows) {
    const row = rates[model.edges[edge]?.to ?? -1]?.[from];
    if (row !== undefined) row[to] = (row[to] ?? 0) + Math.max(0, rate);
  }
  return namedShares(model, rates);
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
          const total = row.reduce((whole, part) => whole + part, 0);
          if (!(total > 1e-9)) return [];
          const kept = row.flatMap((part, to) =>
            part / total >= LEAST_SHARE ? [[clusters[to] ?? '', Math.round((part / total) * 1e9)] as const] : [],
          );
          return [[client, apportion(Object.fromEntries(kept), WHOLE)] as const];
        }),
      ),
    ]),
  );

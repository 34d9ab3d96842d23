/** What others do, as shares, so that a plan can say what it is better than. Each follows only rules of its own. */
import { sum } from '../values/share.ts';
import { mostOf, type Demand } from './admit.ts';
import { callersFirst } from './merge.ts';
import type { TopologyModel } from './model.ts';
import { namedShares, type TopologyShares } from './shares.ts';

/** Every replica the same, wherever it is: what a global service of Cilium does. */
export const evenShares = (model: TopologyModel): TopologyShares =>
  namedShares(
    model,
    model.sites.map((row) => model.clusters.map(() => row.map(({ capacity }) => capacity))),
  );

/** At home where there are replicas at all, else at the nearest: `affinity: local` with a nearest fallback. */
export const localFirstShares = (model: TopologyModel): TopologyShares =>
  namedShares(
    model,
    model.sites.map((row) =>
      model.clusters.map((_, from) => {
        const nearest = nearestTo(model, from).find((to) => (row[to]?.capacity ?? 0) > 0);
        return row.map((__, to) => (to === nearest ? 1 : 0));
      }),
    ),
  );

/**
 * In proportion to the room that the limits leave, the same for every client. However classes mix, a cluster then serves
 * load × room / all room: whatever fits at all keeps every limit so. `loads`: of each service, requests/s.
 */
export const proportionalShares = (model: TopologyModel, loads: readonly number[]): TopologyShares =>
  namedShares(
    model,
    model.services.map((_, service) => {
      const row = model.clusters.map((__, cluster) => mostOf(model, { service, cluster }, loads[service] ?? 0));
      return model.clusters.map(() => row);
    }),
  );

const nearestTo = ({ clusters, roundTripMs }: TopologyModel, from: number): number[] => {
  const way = (to: number): number => (to === from ? -1 : (roundTripMs[from * clusters.length + to] ?? Infinity));
  return clusters.map((_, to) => to).sort((a, b) => way(a) - way(b) || a - b);
};

/**
 * Fill each cluster to `full` (0 to 1) with its own calls, and spill the rest to the next nearest with room; what finds no
 * room stays at home. Service by service, callers first, as each service sees only its own load.
 */
export const waterfallShares = (
  model: TopologyModel,
  { demand, full }: { readonly demand: Demand; readonly full: number },
): TopologyShares => filledShares(model, { demand, fill: (one) => fillNearest(model, { ...one, full }) });

export interface Filling {
  readonly service: number;
  /** Calls/s that start in each cluster. */
  readonly calls: readonly number[];
}

interface Filled {
  readonly demand: Demand;
  /** Calls/s, by client and serving cluster. */
  readonly fill: (filling: Filling) => number[][];
}

/** Service by service, callers first: each is filled by a rule that sees only its own calls. */
export function filledShares(model: TopologyModel, { demand, fill }: Filled): TopologyShares {
  const n = model.clusters.length;
  const order = callersFirst(model) ?? model.services.map((_, service) => service);
  const inflow = new Float64Array(model.edges.length * n);
  model.roots.forEach((root, k) => model.clusters.forEach((_, at) => (inflow[root * n + at] = demand[k]?.[at] ?? 0)));
  const parts = model.services.map(() => model.clusters.map(() => model.clusters.map(() => 0)));
  for (const service of order) {
    const edges = model.edges.flatMap((edge, index) => (edge.to === service ? [{ edge, index }] : []));
    const calls = model.clusters.map((_, at) => sum(edges.map(({ index }) => inflow[index * n + at] ?? 0)));
    const filled = fill({ service, calls });
    parts[service] = filled;
    for (const { edge, index } of edges)
      for (let from = 0; from < n; from += 1)
        filled[from]?.forEach((rate, to) => {
          const served = ((inflow[index * n + from] ?? 0) * rate) / ((calls[from] ?? 0) || 1);
          for (const child of edge.children)
            inflow[child * n + to] = (inflow[child * n + to] ?? 0) + served * (model.edges[child]?.times ?? 0);
        });
  }
  return namedShares(model, parts);
}

function fillNearest(model: TopologyModel, { service, calls, full }: Filling & { readonly full: number }): number[][] {
  const room = (model.sites[service] ?? []).map(({ capacity }) => capacity * full);
  const rows = model.clusters.map(() => model.clusters.map(() => 0));
  const left = [...calls];
  // Ring after ring, so that nobody's second choice takes what is somebody's first.
  for (let ring = 0; ring < model.clusters.length; ring += 1)
    left.forEach((rate, from) => {
      const to = nearestTo(model, from)[ring] ?? from;
      const taken = Math.min(rate, room[to] ?? 0);
      room[to] = (room[to] ?? 0) - taken;
      left[from] = rate - taken;
      const row = rows[from];
      if (row !== undefined) row[to] = (row[to] ?? 0) + taken;
    });
  left.forEach((rate, from) => {
    const to = nearestTo(model, from).find((one) => (model.sites[service]?.[one]?.capacity ?? 0) > 0) ?? from;
    const row = rows[from];
    // Who calls nobody gets a row as well: it says where calls would go.
    if (row !== undefined) row[to] = (row[to] ?? 0) + (sum(row) + rate > 0 ? rate : 1);
  });
  return rows;
}

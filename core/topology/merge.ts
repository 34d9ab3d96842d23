/**
 * Envoy splits the calls of a client cluster by service, the same for all classes and callers. So the program that is
 * applied has one flow for each (caller, callee) instead of one for each class; how often a caller calls then depends on
 * which classes it serves in a cluster, and that is taken from the shares of the round before.
 */
import { sum } from '../values/share.ts';
import type { Demand } from './admit.ts';
import { spreadCalls } from './evaluate.ts';
import type { Edge, TopologyModel } from './model.ts';
import type { TopologyShares } from './shares.ts';

export interface Merged {
  readonly model: TopologyModel;
  readonly demand: Demand;
}

/** undefined: classes call in opposite directions, so that their sum has a circle. */
export function mergeClasses(
  model: TopologyModel,
  { demand, shares }: { readonly demand: Demand; readonly shares: TopologyShares },
): Merged | undefined {
  const order = callersFirst(model);
  if (order === undefined) return undefined;
  const { calls, loads } = spreadCalls(model, { demand, shares });
  const n = model.clusters.length;
  const groups = new Map<string, number[]>();
  const place = ({ from, to }: Edge): number => (from < 0 ? -1 : order.indexOf(from)) * 1e4 + order.indexOf(to);
  const sorted = model.edges.map((_, at) => at).sort((a, b) => placeOf(model, a, place) - placeOf(model, b, place));
  for (const at of sorted) {
    const edge = model.edges[at];
    const key = `${String(edge?.from)} ${String(edge?.to)}`;
    groups.set(key, [...(groups.get(key) ?? []), at]);
  }
  const members = [...groups.values()];
  const first = members.map(([at = 0]) => model.edges[at]).filter((edge) => edge !== undefined);
  const edges = members.map((group, index): Edge => {
    const { from = -1, to = -1 } = first[index] ?? {};
    const weights = group.map((at) => sum([...calls.subarray(at * n, (at + 1) * n)]));
    const served = sum(loads[from] ?? []);
    const mean = from < 0 || served === 0 ? 1 : sum(weights) / served;
    return {
      className: index,
      from,
      to,
      times: mean,
      timesAt: Float64Array.from(model.clusters, (_, at) => {
        const load = loads[from]?.[at] ?? 0;
        return load > 1e-9 ? sum(group.map((one) => calls[one * n + at] ?? 0)) / load : mean;
      }),
      children: first.flatMap((child, at) => (child.from === to ? [at] : [])),
      egress: meanOf(
        group.map((at) => model.edges[at]?.egress ?? new Float64Array(n * n)),
        weights,
      ),
    };
  });
  const roots = edges.flatMap(({ from }, at) => (from < 0 ? [at] : []));
  return {
    model: { ...model, edges, roots },
    demand: roots.map((root) =>
      model.clusters.map((_, at) => sum((members[root] ?? []).map((one) => calls[one * n + at] ?? 0))),
    ),
  };
}

const placeOf = (model: TopologyModel, at: number, place: (edge: Edge) => number): number => {
  const edge = model.edges[at];
  return edge === undefined ? 0 : place(edge);
};

function meanOf(tables: readonly Float64Array[], weights: readonly number[]): Float64Array {
  const total = sum(weights);
  const size = tables[0]?.length ?? 0;
  return Float64Array.from({ length: size }, (_, pair) =>
    total > 0
      ? sum(tables.map((table, at) => ((table[pair] ?? 0) * (weights[at] ?? 0)) / total))
      : (tables[0]?.[pair] ?? 0),
  );
}

/** Services so that in every class callers come before callees; undefined when classes contradict each other. */
export function callersFirst({ services, edges }: TopologyModel): number[] | undefined {
  const order: number[] = [];
  let isCircular = false;
  const visit = (service: number, path: readonly number[]): void => {
    if (path.includes(service)) isCircular = true;
    if (order.includes(service) || path.includes(service)) return;
    for (const { from, to } of edges) if (to === service && from >= 0) visit(from, [...path, service]);
    order.push(service);
  };
  services.forEach((_, service) => visit(service, []));
  return isCircular ? undefined : order;
}

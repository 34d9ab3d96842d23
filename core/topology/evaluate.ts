/** What given shares would do: load, time and money of the model under them, however they were made. */
import { sum, WHOLE } from '../values/share.ts';
import { mostOf, type Demand } from './admit.ts';
import { timeAt } from './delay.ts';
import type { Edge, TopologyModel } from './model.ts';
import type { TopologyShares } from './shares.ts';

export interface SiteFigures {
  readonly service: string;
  readonly cluster: string;
  /** Requests/s, and as a part of what its replicas can serve (0 to 1). */
  readonly load: number;
  readonly utilisation: number;
  /** What its limits allow at that load of the service (utilisation, maxShare, residency), requests/s. */
  readonly most: number;
}

export interface Figures {
  /** Mean over all requests, ms: ways and service, calls of a request one after the other. Infinite when overloaded. */
  readonly meanMs: number;
  readonly meanMsByClient: Readonly<Record<string, number>>;
  readonly egressDollarsPerMonth: number;
  readonly sites: readonly SiteFigures[];
  /** Sites beyond one of their limits, by more than rounding does. */
  readonly above: readonly SiteFigures[];
}

/** A month of 730 hours, as clouds bill it. */
export const SECONDS_PER_MONTH = 730 * 3_600;

interface Shared {
  readonly demand: Demand;
  readonly shares: TopologyShares;
}

export function evaluate(model: TopologyModel, { demand, shares }: Shared): Figures {
  const { split, loads, egress } = spreadCalls(model, { demand, shares });
  const sites = sitesOf(model, loads);
  const above = sites.filter(({ load, most }) => load > most * 1.01);
  const means = meansOf(model, { demand, split, loads });
  return { ...means, egressDollarsPerMonth: (egress / 1e6) * SECONDS_PER_MONTH, sites, above };
}

interface SpreadCalls {
  /** Calls/s that start in a cluster, at [edge * clusters + cluster]. */
  readonly calls: Float64Array;
  /** Requests/s by service and serving cluster. */
  readonly loads: readonly (readonly number[])[];
  /** Millionths of a dollar per second. */
  readonly egress: number;
  readonly split: readonly (readonly number[])[];
}

/** Every call along the shares, from the clients on. */
export function spreadCalls(model: TopologyModel, { demand, shares }: Shared): SpreadCalls {
  const n = model.clusters.length;
  const split = splitOf(model, shares);
  const calls = new Float64Array(model.edges.length * n);
  model.roots.forEach((root, className) =>
    model.clusters.forEach((_, at) => (calls[root * n + at] = demand[className]?.[at] ?? 0)),
  );
  const loads = model.sites.map(() => model.clusters.map(() => 0));
  let egress = 0;
  model.edges.forEach((edge, index) => {
    assertAnswered(model, split[edge.to] ?? [], { edge, calls: calls.subarray(index * n, (index + 1) * n) });
    for (let pair = 0; pair < n * n; pair += 1) {
      const [from, to] = [Math.floor(pair / n), pair % n];
      const rate = (calls[index * n + from] ?? 0) * (split[edge.to]?.[pair] ?? 0);
      if (rate === 0) continue;
      const row = loads[edge.to];
      if (row !== undefined) row[to] = (row[to] ?? 0) + rate;
      egress += rate * (edge.egress[pair] ?? 0);
      for (const child of edge.children)
        calls[child * n + to] = (calls[child * n + to] ?? 0) + rate * (model.edges[child]?.times ?? 0);
    }
  });
  return { calls, loads, egress, split };
}

/** Calls that nobody answers would cost nothing, and the worst plan would seem the best. */
function assertAnswered(
  { services, clusters }: TopologyModel,
  split: readonly number[],
  { edge, calls }: { readonly edge: Edge; readonly calls: Float64Array },
): void {
  const n = clusters.length;
  const lost = clusters.filter((_, at) => (calls[at] ?? 0) > 0 && sum(split.slice(at * n, (at + 1) * n)) === 0);
  if (lost.length > 0)
    throw new RangeError(`${services[edge.to] ?? ''} is called from ${lost.join(', ')} without shares`);
}

/** Parts of 1 by service, at [from * clusters + to]. */
const splitOf = ({ services, clusters }: TopologyModel, shares: TopologyShares): number[][] =>
  services.map((service) =>
    clusters.flatMap((from) => clusters.map((to) => (shares[service]?.[from]?.[to] ?? 0) / WHOLE)),
  );

const sitesOf = (model: TopologyModel, loads: readonly (readonly number[])[]): SiteFigures[] =>
  model.services.flatMap((service, s) =>
    model.clusters.flatMap((cluster, at) => {
      const [load, capacity] = [loads[s]?.[at] ?? 0, model.sites[s]?.[at]?.capacity ?? 0];
      if (load === 0 && capacity === 0) return [];
      const most = mostOf(model, { service: s, cluster: at }, sum(loads[s] ?? []));
      return [{ service, cluster, load, utilisation: load / capacity, most }];
    }),
  );

interface Spread {
  readonly demand: Demand;
  readonly split: readonly (readonly number[])[];
  readonly loads: readonly (readonly number[])[];
}

function meansOf(model: TopologyModel, { demand, split, loads }: Spread): Pick<Figures, 'meanMs' | 'meanMsByClient'> {
  const n = model.clusters.length;
  const times = model.sites.map((row, s) => row.map((site, at) => timeAt(site, loads[s]?.[at] ?? 0)));
  const mean = new Float64Array(model.edges.length * n);
  for (let index = model.edges.length - 1; index >= 0; index -= 1) {
    const edge = model.edges[index];
    if (edge === undefined) continue;
    for (let pair = 0; pair < n * n; pair += 1) {
      const part = split[edge.to]?.[pair] ?? 0;
      if (part === 0) continue;
      const [from, to] = [Math.floor(pair / n), pair % n];
      const below = edge.children.map((child) => (model.edges[child]?.times ?? 0) * (mean[child * n + to] ?? 0));
      const here = (model.roundTripMs[pair] ?? 0) + (times[edge.to]?.[to] ?? Infinity) + sum(below);
      mean[index * n + from] = (mean[index * n + from] ?? 0) + part * here;
    }
  }
  const weighed = model.clusters.map((_, at) => {
    const rows = model.roots.map((root, k) => [demand[k]?.[at] ?? 0, mean[root * n + at] ?? 0] as const);
    const asked = rows.filter(([rate]) => rate > 0);
    return { rate: sum(asked.map(([rate]) => rate)), total: sum(asked.map(([rate, ms]) => rate * ms)) };
  });
  return {
    meanMs: sum(weighed.map(({ total }) => total)) / sum(weighed.map(({ rate }) => rate)),
    meanMsByClient: Object.fromEntries(
      model.clusters.flatMap((name, at) => {
        const { rate, total } = weighed[at] ?? { rate: 0, total: 0 };
        return rate > 0 ? [[name, total / rate] as const] : [];
      }),
    ),
  };
}

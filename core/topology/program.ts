/**
 * The linear program and its pricing. Rows: one for each (call, client cluster), which conserves flow, then one for each
 * (service, cluster), which fills the pieces of its delay. Columns of calls are added only when they can help.
 *
 * With the shadow prices of all sites fixed, the cheapest way of a request is found by walking its tree from the leaves:
 * `priceTrees`. That gives the columns worth adding, and a lower bound of the optimum, so that every plan knows its gap.
 */
import { mostOf, type Demand } from './admit.ts';
import { piecesOf } from './delay.ts';
import type { TopologyModel } from './model.ts';
import { sum } from '../values/share.ts';

/** Columns of a sparse program: entry e of column c stands at starts[c] <= e < starts[c + 1]. */
export interface Columns {
  readonly cost: Float64Array;
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  readonly starts: Int32Array;
  readonly rows: Int32Array;
  readonly values: Float64Array;
}

export interface Solved {
  readonly objective: number;
  readonly values: Float64Array;
  /** Shadow prices of the rows. */
  readonly prices: Float64Array;
}

/** What a simplex method starts from, one for each column and row: nonbasic at its lower bound, basic, or at its upper. */
export const statuses = { lower: 0, basic: 1, upper: 2 } as const;

export interface StartBasis {
  readonly columns: Int32Array;
  readonly rows: Int32Array;
}

/**
 * A program whose rows (all equalities) are fixed, and which is solved again whenever it has got more columns. `start`
 * comes with the first columns; later solves start from the last basis.
 */
type GrowingProgram = (added: Columns, start?: StartBasis) => Promise<Solved>;

export type LinearSolver = (rightSides: Float64Array) => GrowingProgram;

/** A call of edge `edge` that starts in cluster `from` and is answered in cluster `to`. */
export interface FlowColumn {
  readonly edge: number;
  readonly from: number;
  readonly to: number;
}

export interface SiteLimits {
  /** What `most` comes from. */
  readonly by: 'utilisation' | 'maxShare';
  readonly least: number;
  readonly most: number;
}

export interface Program {
  readonly model: TopologyModel;
  readonly demand: Demand;
  readonly rightSides: Float64Array;
  /** By service * clusters + cluster. */
  readonly limits: readonly SiteLimits[];
  /** Beyond its limits a site costs this per request: more than any way around. */
  readonly penalty: number;
}

interface ProgramDemand {
  readonly demand: Demand;
  /** Of each service, at that demand, requests/s. */
  readonly loads: readonly number[];
  /** Part (0 to 1) of each site's limit that is open; left out: all of it. */
  readonly tight?: Float64Array | undefined;
}

export function createProgram(model: TopologyModel, { demand, loads, tight }: ProgramDemand): Program {
  const { clusters, edges, services } = model;
  const rightSides = new Float64Array((edges.length + services.length) * clusters.length);
  model.roots.forEach((root, className) => {
    clusters.forEach((_, at) => (rightSides[root * clusters.length + at] = demand[className]?.[at] ?? 0));
  });
  const limits = services.flatMap((_, service) => {
    const load = loads[service] ?? 0;
    const most = clusters.map(
      (__, cluster) => mostOf(model, { service, cluster }, load) * (tight?.[service * clusters.length + cluster] ?? 1),
    );
    return most.map((one, at): SiteLimits => {
      const { maxShare = 0, capacity = 0 } = model.sites[service]?.[at] ?? {};
      return {
        most: one,
        least: Math.min(one, model.warm * load, (one / sum(most)) * load) || 0,
        by: maxShare < 1 && maxShare * load < capacity * model.utilisation ? 'maxShare' : 'utilisation',
      };
    });
  });
  const farthest = Math.max(...model.roundTripMs) * model.perMs;
  const slowest = Math.max(...model.sites.flat().map(({ serviceMs }) => serviceMs)) * model.perMs;
  const dearest = Math.max(...edges.map(({ egress }) => Math.max(...egress))) * model.egressCounts;
  return { model, demand, rightSides, limits, penalty: 20 * (farthest + slowest + dearest) + 1e-6 };
}

/** Collects columns, and knows which calls are in. */
export class ColumnBook {
  readonly flows: FlowColumn[] = [];
  /** Columns of pieces and penalties come first. */
  #siteColumns = 0;
  readonly #known = new Set<number>();
  #cost: number[] = [];
  #upper: number[] = [];
  #lower: number[] = [];
  #starts: number[] = [0];
  #rows: number[] = [];
  #values: number[] = [];
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
    this.#addSites();
  }

  get siteColumns(): number {
    return this.#siteColumns;
  }

  /** False: it is in already, or no call may be answered there. */
  addFlow({ edge, from, to }: FlowColumn): boolean {
    const { model, limits } = this.#program;
    const n = model.clusters.length;
    const call = model.edges[edge];
    const key = (edge * n + from) * n + to;
    if (call === undefined || this.#known.has(key) || !((limits[call.to * n + to]?.most ?? 0) > 0)) return false;
    this.#known.add(key);
    this.flows.push({ edge, from, to });
    this.#entry(edge * n + from, 1);
    for (const child of call.children) {
      const times = model.edges[child]?.timesAt[to] ?? 0;
      if (times > 0) this.#entry(child * n + to, -times);
    }
    this.#entry((model.edges.length + call.to) * n + to, 1);
    this.#column(callCost(model, { edge, from, to }), { lower: 0, upper: Infinity });
    return true;
  }

  /** All columns since the last call. */
  take(): Columns {
    const taken = {
      cost: Float64Array.from(this.#cost),
      lower: Float64Array.from(this.#lower),
      upper: Float64Array.from(this.#upper),
      starts: Int32Array.from(this.#starts),
      rows: Int32Array.from(this.#rows),
      values: Float64Array.from(this.#values),
    };
    [this.#cost, this.#lower, this.#upper, this.#starts, this.#rows, this.#values] = [[], [], [], [0], [], []];
    return taken;
  }

  #addSites(): void {
    const { model, limits, penalty } = this.#program;
    limits.forEach(({ most, least }, at) => {
      const row = model.edges.length * model.clusters.length + at;
      const site = model.sites[Math.floor(at / model.clusters.length)]?.[at % model.clusters.length];
      let left = least;
      for (const { width, slopeMs } of site === undefined ? [] : piecesOf(site, { most })) {
        const lower = Math.min(width, left);
        left -= lower;
        this.#entry(row, -1);
        this.#column(slopeMs * model.perMs, { lower, upper: width });
      }
      if (most <= 0) return;
      this.#entry(row, -1);
      this.#column(penalty, { lower: 0, upper: Infinity });
      if (least <= 0) return;
      this.#entry(row, 1);
      this.#column(penalty, { lower: 0, upper: Infinity });
    });
    this.#siteColumns = this.#cost.length;
  }

  #entry(row: number, value: number): void {
    this.#rows.push(row);
    this.#values.push(value);
  }

  #column(cost: number, { lower, upper }: { lower: number; upper: number }): void {
    this.#cost.push(cost);
    this.#lower.push(lower);
    this.#upper.push(upper);
    this.#starts.push(this.#rows.length);
  }
}

/** Way and egress of one call, millionths of a dollar (for latency alone: ms). */
export const callCost = (model: TopologyModel, { edge, from, to }: FlowColumn): number => {
  const pair = from * model.clusters.length + to;
  return model.perMs * (model.roundTripMs[pair] ?? 0) + model.egressCounts * (model.edges[edge]?.egress[pair] ?? 0);
};

/** Less than this is no price: the solver is no more exact. */
export const LEAST_RENT = 1e-6;

/** What a limit adds to the price of a request at its site, by service * clusters + cluster; 0 where there is room. */
export function rentOf({ model, limits }: Program, sitePrices: Float64Array, at: number): number {
  const n = model.clusters.length;
  const site = model.sites[Math.floor(at / n)]?.[at % n];
  const last = site === undefined ? undefined : piecesOf(site, limits[at] ?? { most: 0 }).at(-1);
  return last === undefined ? 0 : Math.max(0, (sitePrices[at] ?? 0) - last.slopeMs * model.perMs);
}

export interface PricedTrees {
  /** By edge * clusters + from: the best place to answer, and what the call costs with all that it calls. */
  readonly best: Int32Array;
  readonly cost: Float64Array;
  /** By edge * clusters + to: what it costs to be answered there. */
  readonly served: Float64Array;
  /** No plan costs less than this. */
  readonly bound: number;
}

/** `sitePrices`: what a request at a site costs, by service * clusters + cluster. */
export function priceTrees(program: Program, sitePrices: Float64Array): PricedTrees {
  const { model, limits } = program;
  const n = model.clusters.length;
  const best = new Int32Array(model.edges.length * n);
  const cost = new Float64Array(model.edges.length * n);
  const served = new Float64Array(model.edges.length * n).fill(Infinity);
  for (let edge = model.edges.length - 1; edge >= 0; edge -= 1) {
    const call = model.edges[edge];
    if (call === undefined) continue;
    for (let to = 0; to < n; to += 1) {
      if ((limits[call.to * n + to]?.most ?? 0) <= 0) continue;
      let total = sitePrices[call.to * n + to] ?? 0;
      for (const child of call.children) {
        const times = model.edges[child]?.timesAt[to] ?? 0;
        // What is never called may have no place that answers: 0 × Infinity.
        if (times > 0) total += times * (cost[child * n + to] ?? 0);
      }
      served[edge * n + to] = total;
    }
    for (let from = 0; from < n; from += 1) {
      let [least, at] = [Infinity, -1];
      for (let to = 0; to < n; to += 1) {
        const way = (served[edge * n + to] ?? Infinity) + callCost(model, { edge, from, to });
        if (way < least) [least, at] = [way, to];
      }
      cost[edge * n + from] = least;
      best[edge * n + from] = at;
    }
  }
  return { best, cost, served, bound: boundOf(program, sitePrices, cost) };
}

/** Lagrange's bound: requests at these prices, and each site filled as far as its price pays for. */
function boundOf({ model, demand, limits, penalty }: Program, sitePrices: Float64Array, cost: Float64Array): number {
  const n = model.clusters.length;
  let bound = 0;
  model.roots.forEach((root, className) => {
    demand[className]?.forEach((rate, at) => {
      if (rate > 0) bound += rate * (cost[root * n + at] ?? 0);
    });
  });
  limits.forEach(({ most, least }, at) => {
    const site = model.sites[Math.floor(at / n)]?.[at % n];
    if (site === undefined || most <= 0) return;
    const price = Math.max(-penalty, Math.min(penalty, sitePrices[at] ?? 0));
    let left = least;
    for (const { width, slopeMs } of piecesOf(site, { most })) {
      const lower = Math.min(width, left);
      left -= lower;
      const gain = slopeMs * model.perMs - price;
      bound += gain * (gain < 0 ? width : lower);
    }
  });
  return bound;
}

/** Solves the program of a model by adding the columns that the prices ask for, until the gap is closed. */
import type { Demand } from './admit.ts';
import type { TopologyModel } from './model.ts';
import { startBasis } from './start-basis.ts';
import {
  ColumnBook,
  createProgram,
  LEAST_RENT,
  priceTrees,
  rentOf,
  type FlowColumn,
  type LinearSolver,
  type PricedTrees,
  type Program,
  type StartBasis,
} from './program.ts';

interface Flow extends FlowColumn {
  /** Calls per second. */
  readonly rate: number;
}

export interface Optimum {
  readonly flows: readonly Flow[];
  /** Per second, millionths of a dollar (for latency alone: request-milliseconds). */
  readonly objective: number;
  /** How far the objective may lie above the best possible, as a part of it. */
  readonly gap: number;
  readonly program: Program;
  /** What one request more costs at a site, by service * clusters + cluster. */
  readonly sitePrices: Float64Array;
  /** By service: no cluster has room for one request more. */
  readonly isFull: readonly boolean[];
  readonly trees: PricedTrees;
  readonly rounds: number;
  readonly columns: number;
}

/** A plan this close to the best possible is done. */
const GAP = 1e-4;
/** Rounds end by themselves; this only ends a fault. */
const MOST_ROUNDS = 60;

export interface Asked {
  readonly demand: Demand;
  /** Of each service at that demand, requests/s. */
  readonly loads: readonly number[];
  /** Part (0 to 1) of each site's limit that is open, by service * clusters + cluster; left out: all of it. */
  readonly tight?: Float64Array | undefined;
  readonly solver: LinearSolver;
}

export async function optimise(model: TopologyModel, { demand, loads, tight, solver }: Asked): Promise<Optimum> {
  const program = createProgram(model, { demand, loads, tight });
  const book = new ColumnBook(program);
  const solve = solver(program.rightSides);
  let start: StartBasis | undefined = addWays(book, program, startPrices(program));
  let bound = -Infinity;
  for (let rounds = 1; ; rounds += 1) {
    const solved = await solve(book.take(), start);
    start = undefined;
    const sitePrices = solved.prices.slice(model.edges.length * model.clusters.length).map((price) => -price);
    const trees = priceTrees(program, sitePrices);
    bound = Math.max(bound, trees.bound);
    const gap = (solved.objective - bound) / Math.max(Math.abs(solved.objective), 1e-9);
    const isDone = gap <= GAP || rounds >= MOST_ROUNDS || addBest(book, program, trees) === 0;
    if (!isDone) continue;
    const flows = book.flows.map((flow, at) => ({ ...flow, rate: solved.values[book.siteColumns + at] ?? 0 }));
    const columns = book.flows.length;
    const settled = settledPrices(program, sitePrices);
    return {
      ...{ flows, objective: solved.objective, gap, program, rounds, columns, ...settled },
      trees: priceTrees(program, settled.sitePrices),
    };
  }
}

/**
 * Where all clusters of a service are full, one request more would cost the penalty in each of them, which says nothing.
 * The cheapest of them is then priced as if it had a bit of room; what the others cost more stays.
 */
function settledPrices(program: Program, sitePrices: Float64Array): Pick<Optimum, 'sitePrices' | 'isFull'> {
  const n = program.model.clusters.length;
  const settled = sitePrices.slice();
  const isFull = program.model.services.map((_, service) => {
    const open = program.limits.flatMap(({ most }, at) => (Math.floor(at / n) === service && most > 0 ? [at] : []));
    const rent = Math.min(...open.map((at) => rentOf(program, sitePrices, at)));
    if (open.length === 0 || rent <= LEAST_RENT) return false;
    for (const at of open) settled[at] = (settled[at] ?? 0) - rent;
    return true;
  });
  return { sitePrices: settled, isFull };
}

/** Before the first solve: every site at its idle time. */
const startPrices = ({ model }: Program): Float64Array =>
  Float64Array.from(model.sites.flat(), ({ serviceMs }) => serviceMs * model.perMs);

/** The first columns: for each call its best way, and no other, since every column more makes the first solve slower. */
function addWays(book: ColumnBook, program: Program, sitePrices: Float64Array): StartBasis {
  const trees = priceTrees(program, sitePrices);
  addBest(book, program, trees);
  return startBasis(program, { book, best: trees.best });
}

function addBest(book: ColumnBook, { model }: Program, { best }: PricedTrees): number {
  const n = model.clusters.length;
  let added = 0;
  best.forEach((to, at) => {
    if (to >= 0 && book.addFlow({ edge: Math.floor(at / n), from: at % n, to })) added += 1;
  });
  return added;
}

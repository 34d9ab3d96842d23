/**
 * A first solution: every call goes its best way alone, and what is too much for a site overflows at the penalty. It is
 * feasible and its basis is triangular, so that the simplex method only has to move what overflows.
 */
import { piecesOf } from './delay.ts';
import { statuses, type ColumnBook, type Program, type SiteLimits, type StartBasis } from './program.ts';

export function startBasis(
  program: Program,
  { book, best }: { readonly book: ColumnBook; readonly best: Int32Array },
): StartBasis {
  const { model, limits, rightSides } = program;
  const n = model.clusters.length;
  const rows = new Int32Array(rightSides.length).fill(statuses.basic);
  const columns = new Int32Array(book.siteColumns + book.flows.length).fill(statuses.lower);
  book.flows.forEach(({ edge, from, to }, at) => {
    if (best[edge * n + from] !== to) return;
    columns[book.siteColumns + at] = statuses.basic;
    rows[edge * n + from] = statuses.lower;
  });
  const loads = loadsAlong(program, best);
  let column = 0;
  limits.forEach((limit, at) => {
    if (limit.most <= 0) return;
    const site = model.sites[Math.floor(at / n)]?.[at % n];
    const widths = (site === undefined ? [] : piecesOf(site, limit)).map(({ width }) => width);
    const filled = fill(widths, { load: loads[at] ?? 0, limit });
    filled.forEach((status, piece) => (columns[column + piece] = status));
    column += filled.length;
    rows[model.edges.length * n + at] = statuses.lower;
  });
  return { columns, rows };
}

/** Load of each site when every call goes its best way. */
function loadsAlong({ model, limits, rightSides }: Program, best: Int32Array): Float64Array {
  const n = model.clusters.length;
  const calls = rightSides.slice(0, model.edges.length * n);
  const loads = new Float64Array(limits.length);
  model.edges.forEach((edge, index) => {
    for (let from = 0; from < n; from += 1) {
      const [rate, to] = [calls[index * n + from] ?? 0, best[index * n + from] ?? -1];
      if (to < 0 || rate === 0) continue;
      loads[edge.to * n + to] = (loads[edge.to * n + to] ?? 0) + rate;
      for (const child of edge.children)
        calls[child * n + to] = (calls[child * n + to] ?? 0) + rate * (model.edges[child]?.timesAt[to] ?? 0);
    }
  });
  return loads;
}

/** Statuses of a site's columns in their order: the pieces, too much, and (where some load is a must) too little. */
function fill(widths: readonly number[], { load, limit }: { load: number; limit: SiteLimits }): number[] {
  const isShort = load < limit.least;
  let left = load;
  const pieces = widths.map((width): number => {
    const before = left;
    left -= width;
    if (isShort || before < 0) return statuses.lower;
    return left >= 0 ? statuses.upper : statuses.basic;
  });
  const isOver = !isShort && !pieces.includes(statuses.basic);
  const tooMuch = isOver ? statuses.basic : statuses.lower;
  return limit.least > 0 ? [...pieces, tooMuch, isShort ? statuses.basic : statuses.lower] : [...pieces, tooMuch];
}

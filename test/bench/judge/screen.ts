/**
 * An upper bound of the sequential judge's evidence, some ten times cheaper than the evidence: ten thousand runs a cell
 * need it. What it lets pass cannot be a breach; what it stops is judged.
 *
 * The hypergeometric law is a sum of independent Bernoulli variables (its generating polynomial has real roots only). With
 * their chances p_i, ln H(d) = Σ p_i g(p_i) for g(p) = ln(1 + p c) / p and c = e^d - 1; g is convex, so by Jensen
 * ln H(d) >= (mean / q) ln(1 + q c), where q = Σ p_i² / Σ p_i = 1 - variance / mean.
 */
import { plusTotal, type Total } from '../../../core/judge/arms/arms.ts';
import {
  oldKept,
  RELATIVE_PART,
  WHOLE_PART,
  type Objective,
  type StretchCounts,
} from '../../../core/judge/sequential/evidence.ts';
import { MOST_REFUND } from '../../../core/judge/sequential/overshoot.ts';
import { bestRatio, createBurnWatch, settings, WINDOW_MS, type Looker } from './watch.ts';

/** What the judge rounds off, and what it is paid for overshoot at most, ln. */
const SLACK = 0.05 + MOST_REFUND;
const CELLS = 4096;
/** Part of alpha for all windows together. */
const WINDOWS = 1 - WHOLE_PART;

interface Bound {
  readonly tilts: Float64Array;
  readonly prior: Float64Array;
  /** ln(1 + q c) by q and tilt; a chord lies below a concave function. */
  readonly logs: Float64Array;
}

const bounds = new WeakMap<Objective['grid'], Bound>();

const boundOf = (grid: Objective['grid']): Bound => {
  const known = bounds.get(grid);
  if (known !== undefined) return known;
  if (grid.tilts[grid.margin] !== 0) throw new Error('the screen is made for a margin of 1');
  const tilts = Float64Array.from(grid.tilts.slice(grid.margin + 1));
  const prior = Float64Array.from(grid.worsePrior.slice(grid.margin + 1).map(Math.exp));
  const logs = new Float64Array((CELLS + 2) * tilts.length);
  for (let cell = 0; cell <= CELLS + 1; cell++)
    for (const [j, d] of tilts.entries()) logs[cell * tilts.length + j] = Math.log1p((cell / CELLS) * Math.expm1(d));
  const bound = { tilts, prior, logs };
  bounds.set(grid, bound);
  return bound;
};

export const createScreen = (objective: Objective): Looker<'maybe'> => {
  const bound = boundOf(objective.grid);
  const whole = new Float64Array(bound.tilts.length);
  const recent = new Float64Array(bound.tilts.length);
  const absolute = createAbsolute(objective.allowed);
  const burnt = createBurnWatch(objective.allowed);
  let [windows, sinceMs, settled] = [1, 0, 0];
  const settle = (atMs: number): void => {
    settled += (WINDOWS / (windows * (windows + 1))) * bet(mixtureOf(bound, recent), Math.exp(absolute.recent()));
    windows++;
    sinceMs = atMs;
    recent.fill(0);
    absolute.window();
  };
  return {
    bake: (atMs) => {
      settle(atMs);
      absolute.bake();
    },
    look: (counts) => {
      if (counts.toMs - sinceMs >= WINDOW_MS) settle(counts.toMs);
      const [before, after] = absolute.add(counts.own.newer, counts.own.kind);
      if (burnt(before, after, { atMs: counts.toMs, phi: () => 1 })) return 'maybe';
      const top = add(bound, { counts, whole, recent });
      const best = Math.exp(absolute.best());
      if (Math.exp(top) + best + settled < Math.exp(-SLACK) / settings.alpha) return undefined;
      const most = bet(Math.max(mixtureOf(bound, whole), mixtureOf(bound, recent)), best);
      return most + WINDOWS + settled < Math.exp(-SLACK) / settings.alpha ? undefined : 'maybe';
    },
  };
};

/** Dividing a ln-likelihood by phi raises its e-value by 1 at most. */
const bet = (mixture: number, best: number): number => RELATIVE_PART * (1 + mixture) + (1 - RELATIVE_PART) * (1 + best);

const mixtureOf = ({ prior }: Bound, profile: Float64Array): number => {
  let sum = 0;
  for (let j = 0; j < profile.length; j++) sum += (prior[j] ?? 0) * Math.exp(profile[j] ?? 0);
  return sum;
};

interface Sums {
  readonly counts: StretchCounts;
  readonly whole: Float64Array;
  readonly recent: Float64Array;
}

/** Adds a table to both profiles; gives back the largest value in them. */
const add = ({ tilts, logs }: Bound, { counts, whole, recent }: Sums): number => {
  const { newer, kind } = counts.own;
  const bad = newer.bad + kind.bad;
  const all = newer.total + kind.total;
  let top = 0;
  if (bad === 0 || newer.total === 0 || kind.total === 0) return top;
  const q = 1 - ((kind.total / all) * (all - bad)) / (all - 1);
  const weight = (bad * newer.total) / all / q;
  const cell = Math.min(CELLS, Math.floor(q * CELLS));
  const part = q * CELLS - cell;
  const [low, high] = [cell * tilts.length, (cell + 1) * tilts.length];
  for (let j = 0; j < tilts.length; j++) {
    const log = (1 - part) * (logs[low + j] ?? 0) + part * (logs[high + j] ?? 0);
    const more = (tilts[j] ?? 0) * newer.bad - weight * log;
    const [a, b] = [(whole[j] ?? 0) + more, (recent[j] ?? 0) + more];
    whole[j] = a;
    recent[j] = b;
    top = Math.max(top, a, b);
  }
  return top;
};

/** The new version against the objective, as evidence.ts counts it: while the old one kept it. */
const createAbsolute = (allowed: number) => {
  const none: Total = { total: 0, bad: 0 };
  let [whole, recent, old] = [none, none, none];
  return {
    add: (newer: Total, kind: Total): readonly [Total, Total] => {
      const before = whole;
      const kept = oldKept(kind, old, allowed);
      old = plusTotal(old, kind);
      if (kept) [whole, recent] = [plusTotal(whole, newer), plusTotal(recent, newer)];
      return [before, whole];
    },
    best: () => Math.max(bestRatio(whole, allowed), bestRatio(recent, allowed)),
    recent: () => bestRatio(recent, allowed),
    window: () => void (recent = none),
    bake: () => void (old = none),
  };
};

/** The best shares that can be applied: program after program, each with the mix of classes of the shares before. */
import { sum } from '../values/share.ts';
import { loadsOf, type Demand } from './admit.ts';
import { evaluate, SECONDS_PER_MONTH, type Figures, type SiteFigures } from './evaluate.ts';
import { mergeClasses } from './merge.ts';
import type { TopologyModel } from './model.ts';
import { optimise, type Optimum } from './optimise.ts';
import { proportionalShares, waterfallShares } from './policies.ts';
import { createProgram, priceTrees, type LinearSolver, type Program } from './program.ts';
import { sharesOfFlows, type TopologyShares } from './shares.ts';

export interface AppliedShares {
  readonly shares: TopologyShares;
  readonly figures: Figures;
  /** Of the round that came closest: its prices explain the shares. */
  readonly optimum: Optimum;
  /** How far the shares may be above the best split of each class by itself, as a part of the objective. */
  readonly gap: number;
}

/** The mix settles in two or three rounds; more only end a swing between two. */
const MOST_ROUNDS = 6;
/** A round that gains less than this is the last. */
const LEAST_GAIN = 0.002;

export async function applicableShares(
  model: TopologyModel,
  { demand, solver }: { readonly demand: Demand; readonly solver: LinearSolver },
): Promise<AppliedShares> {
  const loads = loadsOf(model, demand);
  const whole = createProgram(model, { demand, loads });
  let shares = waterfallShares(model, { demand, full: model.utilisation });
  // A program knows the mix of the round before only, so that what is made of it may exceed a limit, or be no gain.
  const candidates = [judged(whole, shares), judged(whole, proportionalShares(model, loads))];
  let closest: (Candidate & { readonly optimum: Optimum }) | undefined;
  const tight = new Float64Array(whole.limits.length).fill(1);
  let bound = -Infinity;
  for (let round = 1; round <= MOST_ROUNDS; round += 1) {
    const merged = mergeClasses(model, { demand, shares }) ?? { model, demand };
    const optimum = await optimise(merged.model, { demand: merged.demand, loads, tight, solver });
    bound = Math.max(bound, priceTrees(whole, optimum.sitePrices).bound);
    const next = judged(whole, sharesOfFlows(merged.model, optimum));
    candidates.push(next);
    shares = next.shares;
    const isSettled = closest !== undefined && next.score >= closest.score * (1 - LEAST_GAIN);
    if (closest === undefined || isBetter(next, closest)) closest = { ...next, optimum };
    if (next.figures.above.length === 0 && (merged.model === model || isSettled)) break;
    tighten(model, tight, next.figures);
  }
  const [best] = candidates.sort((a, b) => (isBetter(a, b) ? -1 : Number(isBetter(b, a))));
  if (best === undefined || closest === undefined) throw new RangeError('no round has ended');
  const { figures, objective } = best;
  const gap = Math.max(0, (objective - bound) / Math.max(Math.abs(objective), 1e-9));
  return { shares: reached(model, loads, best.shares), figures, optimum: closest.optimum, gap };
}

interface Candidate {
  readonly shares: TopologyShares;
  readonly figures: Figures;
  readonly objective: number;
  /** The objective, with what lies above a limit, or lacks to keep a site warm, at a price that nothing gains. */
  readonly score: number;
}

function judged({ model, demand, limits, penalty }: Program, shares: TopologyShares): Candidate {
  const figures = evaluate(model, { demand, shares });
  const objective = objectiveOf(model, demand, figures);
  const excess = figures.above.map(({ load, most }) => load - most);
  const lack = figures.sites.map((site) => Math.max(0, (limits[indexOf(model, site)]?.least ?? 0) - site.load));
  const score = objective + (sum(excess) + sum(lack)) * penalty;
  return { shares, figures, objective, score };
}

/** A limit is a limit: what keeps all of them is better than what gains more beyond one. */
const isBetter = (a: Candidate, b: Candidate): boolean => {
  const [isAbove, wasAbove] = [a.figures.above.length > 0, b.figures.above.length > 0];
  return isAbove === wasAbove ? a.score < b.score : wasAbove;
};

/** Where a round went beyond a limit, the next is given that much less room. */
function tighten(model: TopologyModel, tight: Float64Array, { above }: Figures): void {
  for (const site of above) {
    const at = indexOf(model, site);
    tight[at] = (tight[at] ?? 1) * (site.most / site.load);
  }
}

const indexOf = ({ services, clusters }: TopologyModel, { service, cluster }: SiteFigures): number =>
  services.indexOf(service) * clusters.length + clusters.indexOf(cluster);

/** Without the services that no request reaches: nothing is known of where they are called. */
const reached = (model: TopologyModel, loads: readonly number[], shares: TopologyShares): TopologyShares =>
  Object.fromEntries(Object.entries(shares).filter(([name]) => (loads[model.services.indexOf(name)] ?? 0) > 0));

/** Per second, as the program counts it. */
const objectiveOf = ({ perMs, egressCounts }: TopologyModel, demand: Demand, figures: Figures): number =>
  perMs * figures.meanMs * sum(demand.flat()) +
  (egressCounts * figures.egressDollarsPerMonth * 1e6) / SECONDS_PER_MONTH;

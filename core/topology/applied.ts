/** The best shares that can be applied: program after program, each with the mix of classes of the shares before. */
import { sum } from '../values/share.ts';
import { loadsOf, type Demand } from './admit.ts';
import { evaluate, SECONDS_PER_MONTH, type Figures } from './evaluate.ts';
import { mergeClasses } from './merge.ts';
import type { TopologyModel } from './model.ts';
import { optimise, type Optimum } from './optimise.ts';
import { waterfallShares } from './policies.ts';
import { createProgram, priceTrees, type LinearSolver } from './program.ts';
import { sharesOfFlows, type TopologyShares } from './shares.ts';

export interface AppliedShares {
  readonly shares: TopologyShares;
  readonly figures: Figures;
  readonly optimum: Optimum;
  /** How far the shares may be above the best split of each class by itself, as a part of the objective. */
  readonly gap: number;
  readonly rounds: number;
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
  let shares = waterfallShares(model, { demand, full: model.utilisation });
  let best: (AppliedShares & { readonly score: number }) | undefined;
  for (let rounds = 1; rounds <= MOST_ROUNDS; rounds += 1) {
    const merged = mergeClasses(model, { demand, shares }) ?? { model, demand };
    const optimum = await optimise(merged.model, { demand: merged.demand, loads, solver });
    shares = sharesOfFlows(merged.model, optimum.flows);
    const figures = evaluate(model, { demand, shares });
    const objective = objectiveOf(model, demand, figures);
    const { bound } = priceTrees(createProgram(model, demand, loads), optimum.sitePrices);
    const gap = Math.max(0, (objective - bound) / Math.abs(objective));
    const before = best?.score ?? Infinity;
    // What lies above a limit counts more than anything that it could gain.
    const score = objective + sum(figures.above.map(({ load }) => load)) * optimum.program.penalty;
    if (score < before) best = { shares, figures, optimum, gap, rounds, score };
    if (merged.model === model || score >= before * (1 - LEAST_GAIN)) break;
  }
  if (best === undefined) throw new RangeError('no round has ended with a score');
  return best;
}

/** Per second, as the program counts it. */
const objectiveOf = ({ perMs, egressCounts }: TopologyModel, demand: Demand, figures: Figures): number =>
  perMs * figures.meanMs * sum(demand.flat()) +
  (egressCounts * figures.egressDollarsPerMonth * 1e6) / SECONDS_PER_MONTH;

/**
 * How a plan over many clusters is written. Up to 10 clusters are written by an activity each. Above that the plan says how
 * many are written at a time, and an activity writes up to 50: a history grows by 3 events or more with every activity.
 */
import { waveDefaults } from '../../config/defaults.ts';
import { refuse } from '../../values/error.ts';
import { present } from '../../values/json.ts';
import { isWayBack } from '../change.ts';
import type { Plan, PlannedWave } from './plan.ts';

/** Clusters of a plan up to which each is written by an activity of its own. */
const EACH_BY_ITSELF = 10;

/** Most clusters that are written at the same time, and most in one activity. A worker has as many places for writes. */
const MOST_AT_ONCE = waveDefaults.mostAtOnce;

/** About 1 MB: half of what Temporal takes. */
const MOST_CHARACTERS = 1_000_000;

/** Most weights in the input or the answer of one activity: about 100 bytes each, so that a payload stays below 256 KiB. */
const MOST_WEIGHTS = 1_000;

/** The plan with how many clusters each of its waves writes at a time, where they are many or the config says so. */
export function fannedOut(plan: Plan): Plan {
  const clusters = new Set(plan.waves.flatMap((wave) => [...wave.clients, ...wave.serving]));
  const isMany = clusters.size > EACH_BY_ITSELF;
  const waves = plan.waves.map((wave): PlannedWave => {
    const atOnce = isMany ? Math.min(wave.atOnce ?? MOST_AT_ONCE, MOST_AT_ONCE) : wave.atOnce;
    return { ...wave, ...present({ atOnce }) };
  });
  return { ...plan, waves };
}

/**
 * Refuses what Temporal would not keep: it takes no input above 2 MiB, and the watch's has as many pairs as the plan. A way
 * back is refused nothing here: what it goes back from was let in.
 */
export function assertFits(plan: Plan): void {
  if (isWayBack(plan.kind) || JSON.stringify(plan).length <= MOST_CHARACTERS) return;
  const pairs = Object.values(plan.routes).reduce((sum, clients) => sum + clients.length, 0);
  refuse(
    'Invalid',
    `${plan.kind} of ${plan.service.namespace}/${plan.service.service} refused, nothing was written: its plan is too large for a history (${String(Object.keys(plan.clusters).length)} clusters, ${String(pairs)} pairs of a client and who answers it)`,
    'let each cluster call fewer others: spec.topology of the Service document',
  );
}

/** Of what concerns all waves: as many as the widest of them allows. undefined: each cluster by an activity of its own. */
export function atOnceOf({ waves }: Pick<Plan, 'waves'>): number | undefined {
  const all = waves.flatMap(({ atOnce }) => atOnce ?? []);
  return all.length === 0 ? undefined : Math.max(...all);
}

/** In order, in as few batches as their sizes allow. `weights`: of one item. */
export function batchesOf<T>(items: readonly T[], weights: (item: T) => number): T[][] {
  const batches: T[][] = [];
  let room = 0;
  for (const item of items) {
    const last = batches.at(-1);
    room -= weights(item);
    if (last !== undefined && last.length < MOST_AT_ONCE && room >= 0) last.push(item);
    else {
      batches.push([item]);
      room = MOST_WEIGHTS - weights(item);
    }
  }
  return batches;
}

/** Per client cluster: how many serving clusters its calls go to. */
export function calledCounts({ routes }: Pick<Plan, 'routes'>): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const clients of Object.values(routes)) {
    for (const client of clients) counts[client] = (counts[client] ?? 0) + 1;
  }
  return counts;
}

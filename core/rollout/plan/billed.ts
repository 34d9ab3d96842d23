/**
 * What a rollout costs on Temporal Cloud, in billed actions (https://docs.temporal.io/cloud/actions): each start, activity,
 * retry, heartbeat, timer, and update of search attributes is one; a child is two. Heartbeats of a watch are the most of
 * a long wait. A forecast: what fails and is tried again is not in it.
 */
import { temporalDefaults } from '../../config/defaults.ts';
import { capacityTerms, watchBeatMs, watchTerms, YOUNG_MS } from '../watch-terms.ts';
import { keepsCapacity } from './capacity.ts';
import { sum } from '../../values/share.ts';
import { bakesIn, pinnedIn } from './pinned.ts';
import type { Plan, PlannedWave } from './plan.ts';

/** startRollout and its child, less what is asked of every cluster. */
const DOOR = 9;
/** Start, name and guard of the run, and its first and last state in the list of workflows. */
const RUN = 5;
/** The settler looks once, takes out what was replaced, and looks again. */
const SETTLE = 6;
const DAY_MS = 24 * 3_600_000;

/** Of a rollout that is promoted without a wait for a person. */
export function billedActions(plan: Plan): number {
  const bakes = bakesMs(plan).map((ms) => waitingActions('bake', ms));
  const held = Math.floor((sum(bakesMs(plan)) / DAY_MS) * capacityActions(plan));
  return DOOR + Object.keys(plan.routes).length + SETTLE + runActions(plan) + sum(bakes) + held;
}

const bakesMs = (plan: Plan): number[] =>
  plan.waves.flatMap((wave) => bakesIn(plan, wave)).map((bakeMs) => bakeMs + plan.warmUpMs);

/** Of a day at a gate: the watch, and what keeps the pods. */
export const gateActions = (plan: Plan): number => dailyActions('hold') + capacityActions(plan);

/** Of a day, where every wave has begun. */
function capacityActions(plan: Plan): number {
  if (!keepsCapacity(plan)) return 0;
  const { heartbeatTimeoutMs, windowMs } = capacityTerms;
  return plan.waves.length * (DAY_MS / windowMs) * (Math.floor(windowMs / watchBeatMs(heartbeatTimeoutMs)) + 1);
}

/** Of one that has run so long: what goes beyond its bakes was a wait for a person. */
export function billedSoFar(plan: Plan, ranMs: number): number {
  const heldMs = Math.max(0, ranMs - sum(bakesMs(plan)));
  return billedActions(plan) + Math.round((heldMs / DAY_MS) * gateActions(plan));
}

/** Of its workflow alone, without what its watches cost by waiting. */
export function runActions(plan: Plan): number {
  const { waves, capacity, pins, before } = plan;
  const written = sum(waves.map(({ clients }) => clients.length));
  // A pin that is the last step is baked and held as the others are.
  const pinned = waves.filter((wave) => pins !== undefined && pinnedIn(wave).length > 0).length;
  // Before each step but the first, the pods for it; from the first share on, what keeps them.
  const asked = capacity === undefined ? [] : waves.map(({ steps }) => steps.length - 1);
  if (keepsCapacity(plan)) asked.push(waves.length);
  // Every last share is written once more, then committed.
  const tested = before === undefined ? 0 : sum(waves.map(({ serving }) => serving.length));
  return RUN + sum(waves.map(waveActions)) + tested + pinned * (pins === 'last' ? 3 : 1) + sum(asked) + 2 * written;
}

/** Its state; what is made ready, enters and is proven; a watch from the first write on. Each step: write, prove, bake, hold. */
const waveActions = ({ serving, clients, steps }: PlannedWave): number =>
  1 + serving.length + clients.length + 1 + 1 + steps.length * (clients.length + 3);

/** Of one watch that waits so long, over a share that was just written. */
export function waitingActions(mode: 'bake' | 'hold', waitMs: number): number {
  const wait = { mode, writtenAtMs: 0, bakedAtMs: waitMs };
  const young = watchTerms({ ...wait, nowMs: 0 });
  const youngMs = Math.min(waitMs, young.handOverAtMs ?? waitMs);
  const beats = Math.floor(youngMs / watchBeatMs(young.heartbeatTimeoutMs));
  if (waitMs <= youngMs) return beats;
  return beats + 1 + Math.ceil(((waitMs - youngMs) / DAY_MS) * dailyActions(mode));
}

/** Of a day of a watch that is old: its beats, the last of each window included, and the next attempt. */
export function dailyActions(mode: 'bake' | 'hold'): number {
  const { heartbeatTimeoutMs, windowMs } = watchTerms({ mode, nowMs: YOUNG_MS, writtenAtMs: 0, bakedAtMs: 0 });
  return (DAY_MS / windowMs) * (Math.ceil(windowMs / watchBeatMs(heartbeatTimeoutMs)) + 1);
}

/** US dollars, at the price of the mesh. */
const dollarsOf = (actions: number, { dollarsPerMillionActions }: Plan): number =>
  (actions / 1e6) * (dollarsPerMillionActions ?? temporalDefaults.dollarsPerMillionActions);

/** `74 billed actions ($0.004)` */
export function billedText(actions: number, plan: Plan): string {
  const dollars = dollarsOf(actions, plan);
  const digits = dollars >= 1 ? 2 : 4;
  return `${String(Math.round(actions))} billed actions ($${dollars.toFixed(digits)})`;
}

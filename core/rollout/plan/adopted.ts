/**
 * At adoption a serving cluster that others call through Envoy already keeps its version: it is watched, not made. Where
 * only the topology moves, all of them do.
 */
import type { Plan, PlannedWave } from './plan.ts';

type Of = Pick<Plan, 'kind' | 'version' | 'replaces' | 'part'>;

const isKept = ({ kind, replaces, part }: Of, serving: string): boolean =>
  part === 'topology' || (kind === 'adopt' && (replaces[serving] ?? '') !== '');

/** The version that gets the traffic in a serving cluster. */
export const versionIn = (plan: Of, serving: string): string =>
  isKept(plan, serving) ? (plan.replaces[serving] ?? '') : plan.version;

/** Serving clusters of the wave where the plan's version is made ready, and pinned in the end. */
export const madeIn = (plan: Of, wave: Pick<PlannedWave, 'serving'>): readonly string[] =>
  wave.serving.filter((serving) => !isKept(plan, serving));

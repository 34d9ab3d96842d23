/** At adoption a serving cluster that others call through Envoy already keeps its version: it is watched, not made. */
import type { Plan, PlannedWave } from './plan.ts';

type Of = Pick<Plan, 'kind' | 'version' | 'replaces'>;

const isKept = ({ kind, replaces }: Of, serving: string): boolean =>
  kind === 'adopt' && (replaces[serving] ?? '') !== '';

/** The version that gets the traffic in a serving cluster. */
export const versionIn = (plan: Of, serving: string): string =>
  isKept(plan, serving) ? (plan.replaces[serving] ?? '') : plan.version;

/** Serving clusters of the wave where the plan's version is made ready, and pinned in the end. */
export const madeIn = (plan: Of, wave: Pick<PlannedWave, 'serving'>): readonly string[] =>
  wave.serving.filter((serving) => !isKept(plan, serving));

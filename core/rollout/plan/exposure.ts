/** A plan in words and numbers for people: what `tidegate plan` and the Temporal UI show. */
import { WHOLE } from '../../values/share.ts';
import { bakesIn } from './pinned.ts';
import type { Plan } from './plan.ts';
import { waveLabel } from './wave-title.ts';

/**
 * The longest time the plan can take without a person: every wave may use its whole progress deadline, and the time of its
 * Jobs, as often as it takes turns, every bake its warm-up and all of maxUnknown. Gates and pauses are not counted.
 */
export function longestDurationMs(plan: Plan): number {
  return plan.waves
    .map((wave) => {
      const bakes = bakesIn(plan, wave).map((bakeMs) =>
        bakeMs === 0 ? 0 : plan.warmUpMs + bakeMs + plan.maxUnknownMs,
      );
      const turns = wave.atOnce === undefined ? 1 : Math.max(1, Math.ceil(wave.serving.length / wave.atOnce));
      const tests = (plan.before ?? []).map(({ timeoutMs }) => timeoutMs);
      const each = [plan.progressDeadlineMs, ...tests].reduce((a, b) => a + b, 0);
      return turns * each + bakes.reduce((a, b) => a + b, 0);
    })
    .reduce((a, b) => a + b, 0);
}

export interface StepExposure {
  /** As people call it. */
  readonly wave: string;
  readonly share: number;
  /** Largest share of any client cluster's calls that the new version answers after this step, ppm. */
  readonly largest: number;
  /** Per client cluster: the share of its calls that the new version answers, ppm. */
  readonly byClient: Readonly<Record<string, number>>;
}

/** Exposure after each step, given the topology of every client cluster (ppm per serving cluster). */
export function exposure(
  plan: Plan,
  topology: Readonly<Record<string, Readonly<Record<string, number>>>>,
): StepExposure[] {
  const shares: Record<string, number> = {};
  return plan.waves.flatMap((wave, index) =>
    wave.steps.map((step) => {
      for (const name of wave.serving) shares[name] = step.share;
      const byClient = Object.fromEntries(
        Object.entries(topology).map(([client, serving]) => [client, exposedPpm(serving, shares)]),
      );
      return {
        wave: waveLabel(wave, index),
        share: step.share,
        largest: Math.max(0, ...Object.values(byClient)),
        byClient,
      };
    }),
  );
}

function exposedPpm(serving: Readonly<Record<string, number>>, shares: Readonly<Record<string, number>>): number {
  const parts = Object.entries(serving).map(([name, part]) => (part * (shares[name] ?? 0)) / WHOLE);
  return Math.round(parts.reduce((a, b) => a + b, 0));
}

/** Pods of the version that gets the traffic, as a plan tells them. */
import { podsAt } from '../rollout/plan/capacity.ts';
import type { Plan, PlannedWave } from '../rollout/plan/plan.ts';

/** Clusters up to which each is named. */
const NAMED = 10;

/** One line where all steps need the same, else one per step; none where nobody knows. */
export function podsLines(plan: Plan, wave: PlannedWave): string[] {
  const steps = wave.steps.map((step) => podsText(podsAt(plan, wave, step)));
  if (steps.every((text) => text === '')) return [];
  const whole = Object.fromEntries(
    Object.entries(plan.capacity?.pods ?? {}).filter(([name]) => wave.serving.includes(name)),
  );
  const isOne = new Set(steps).size === 1;
  const words = isOne ? [`${steps[0] ?? ''}`] : steps.map((text, i) => `step ${String(i + 1)} ${text}`);
  const beside = `beside those that carry all traffic (${podsText(whole)})`;
  const by = plan.workload === 'external' ? ', made by others and asked for before each share' : '';
  return [`  pods of ${plan.version}: ${words.join('; ')}, ${beside}${by}`];
}

function podsText(pods: Readonly<Record<string, number>>): string {
  const all = Object.entries(pods);
  if (all.length <= NAMED) return all.map(([name, count]) => `${name} ${String(count)}`).join(', ');
  const sum = all.reduce((total, [, count]) => total + count, 0);
  return `${String(sum)} in ${String(all.length)} clusters`;
}

/** Where callers past Envoy follow wave by wave. */
import type { Change } from '../change.ts';
import type { Plan, PlannedWave } from './plan.ts';

/** An adoption brings the same build, and what a release or a restore leads to is pinned already. */
export function pinsOf({ kind }: Change): Pick<Plan, 'pins'> {
  if (kind === 'deploy') return { pins: 'last' };
  return kind === 'undo' ? { pins: 'first' } : {};
}

/** Clusters without a record of the run's own follow at the commit: no restore would bring them back. */
export const pinnedIn = ({ serving, clients }: PlannedWave): string[] =>
  serving.filter((cluster) => clients.includes(cluster));

/** Of the steps of a wave, and of its pin: as long as the last step. ms */
export function bakesIn({ pins }: Pick<Plan, 'pins'>, wave: PlannedWave): number[] {
  const bakes = wave.steps.map(({ bakeMs }) => bakeMs);
  return pins === 'last' && pinnedIn(wave).length > 0 ? [...bakes, ...bakes.slice(-1)] : bakes;
}

/** What the reader of the plan should know of them. */
export function pinNotes({ waves, pins, version }: Pick<Plan, 'waves' | 'pins' | 'version'>): string[] {
  if (pins === undefined) return [];
  const late = waves.flatMap((wave) => wave.serving.filter((cluster) => !pinnedIn(wave).includes(cluster)));
  const first = `callers past Envoy go back first: ${version} was proven before`;
  const at = `callers past Envoy follow at the commit in ${late.join(', ')}: nobody there calls its own pods through Envoy`;
  return [...(pins === 'first' ? [first] : []), ...(late.length > 0 ? [at] : [])];
}

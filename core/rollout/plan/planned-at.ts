/** Parts of a plan by number. @throws RangeError */
import type { Plan, PlannedStep, PlannedWave } from './plan.ts';

export function waveAt(plan: Plan, index: number): PlannedWave {
  const wave = plan.waves[index];
  if (wave === undefined) throw new RangeError(`plan has no wave ${index} (of ${plan.waves.length})`);
  return wave;
}

export function stepAt(wave: PlannedWave, index: number): PlannedStep {
  const step = wave.steps[index];
  if (step === undefined) throw new RangeError(`wave "${wave.name}" has no step ${index} (of ${wave.steps.length})`);
  return step;
}

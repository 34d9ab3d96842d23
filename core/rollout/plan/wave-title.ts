/** What people call a wave. A wave without a name of its own is called by its place in the plan, once. */
import type { PlannedWave } from './plan.ts';

type Named = Pick<PlannedWave, 'name'>;

/** The config calls the second of its waves `wave 2`; in a plan without the first one it comes first. */
const hasOwnName = ({ name }: Named): boolean => name !== '' && !/^wave \d+$/i.test(name);

/** `canary`, or `wave 1`. `index`: its place in the plan, from 0. */
export const waveLabel = (wave: Named, index: number): string => (hasOwnName(wave) ? wave.name : `wave ${index + 1}`);

/** `wave 1 canary`, or `wave 1`. */
export const waveTitle = (wave: Named, index: number): string =>
  hasOwnName(wave) ? `wave ${index + 1} ${wave.name}` : `wave ${index + 1}`;

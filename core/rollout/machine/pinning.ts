/** The pin of a wave: callers past Envoy follow, too. */
import { pinnedIn } from '../plan/pinned.ts';
import type { Plan } from '../plan/plan.ts';
import { waveTitle } from '../plan/wave-title.ts';
import { waveAt } from '../plan/planned-at.ts';
import type { Next, RolloutState } from './state.ts';
import { enterPhase, issue } from './transition.ts';

/** Have callers past Envoy followed in this wave? */
export const isPinned = ({ pinnedWaves, wave }: RolloutState): boolean => pinnedWaves > wave;

export const isToPin = (plan: Plan, state: RolloutState): boolean =>
  !isPinned(state) && pinnedIn(waveAt(plan, state.wave)).length > 0;

export function pinWave(plan: Plan, state: RolloutState, atMs: number): Next {
  const wave = waveAt(plan, state.wave);
  const reason = `${waveTitle(wave, state.wave)}: callers past Envoy get ${plan.version}, too`;
  const moved = enterPhase({ ...state, go: false }, 'pinning', atMs, reason);
  return issue(moved, (seq) => ({ type: 'pin', seq, wave: state.wave }));
}

/** Jobs between the entry of a wave and its first share. They are run once per wave, whoever lets it go on meanwhile. */
import { namesText } from '../../values/names-text.ts';
import type { Plan } from '../plan/plan.ts';
import { waveAt } from '../plan/planned-at.ts';
import type { Next, RolloutState } from './state.ts';
import { enterPhase, issue, logged } from './transition.ts';

export const mustTest = (plan: Plan, state: RolloutState): boolean =>
  plan.before !== undefined && state.step < 0 && state.testedWave !== state.wave;

export function testWave(plan: Plan, state: RolloutState, atMs: number): Next {
  const names = (plan.before ?? []).map(({ name }) => name);
  const where = namesText(waveAt(plan, state.wave).serving);
  const reason = `before the first share: ${names.length === 1 ? 'Job' : 'Jobs'} ${names.join(', then ')} in ${where}`;
  return issue(enterPhase(state, 'testing', atMs, reason), (seq) => ({ type: 'before', seq, wave: state.wave }));
}

/** What has succeeded is not asked for again in this wave. */
export function tested(state: RolloutState, atMs: number): RolloutState {
  return logged({ ...state, testedWave: state.wave }, atMs, 'the Jobs before the first share have succeeded');
}

/** The steps of the way forward, once they may be taken. */
import { namesText } from '../../values/names-text.ts';
import { formatShare } from '../../values/share.ts';
import type { Plan } from '../plan/plan.ts';
import { stepAt, waveAt } from '../plan/planned-at.ts';
import { waveTitle } from '../plan/wave-title.ts';
import { pinWave } from './pinning.ts';
import type { ForwardStep, Next, RolloutState } from './state.ts';
import { enterPhase, issue } from './transition.ts';

/** What was asked for this step says nothing of the next one. */
export function takeStep(plan: Plan, state: RolloutState, step: ForwardStep, atMs: number): Next {
  const taken = { ...state, waits: null, openUntilMs: 0, gatePassed: false };
  switch (step.to) {
    case 'prepare':
      return prepareWave(plan, taken, step.wave, atMs);
    case 'share':
      return applyStep(plan, taken, step.step, atMs);
    case 'pin':
      return pinWave(plan, taken, atMs);
  }
}

function prepareWave(plan: Plan, state: RolloutState, wave: number, atMs: number): Next {
  const planned = waveAt(plan, wave);
  const moved = enterPhase(
    { ...state, wave, step: -1 },
    'preparing',
    atMs,
    `${waveTitle(planned, wave)}: making ${plan.version} ready`,
  );
  return issue(moved, (seq) => ({ type: 'prepare', seq, wave }));
}

function applyStep(plan: Plan, state: RolloutState, step: number, atMs: number): Next {
  const wave = waveAt(plan, state.wave);
  const planned = stepAt(wave, step);
  const shares = { ...state.shares, ...Object.fromEntries(wave.serving.map((name) => [name, planned.share])) };
  const moved = enterPhase(
    { ...state, step, shares, go: false },
    'applying',
    atMs,
    `${waveTitle(wave, state.wave)}: ${formatShare(planned.share)} of ${namesText(wave.serving)} to ${plan.version}`,
  );
  return issue(moved, (seq) => ({ type: 'apply', seq, wave: state.wave, step }));
}

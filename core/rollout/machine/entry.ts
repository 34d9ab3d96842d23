/** An entry that nobody has proven. */
import type { Plan } from '../plan/plan.ts';
import type { Next, RolloutState } from './state.ts';
import { enterPhase, issue } from './transition.ts';

/** Without metrics no entry is ever proven: the plan has said so. */
export const mustEnter = ({ withoutGap, metrics }: Plan): boolean => withoutGap === true && metrics !== null;

/** No weight for a subset that an Envoy may not know: it goes on by itself once they all say that they do. */
export function holdEntry(plan: Plan, state: RolloutState, atMs: number): Next {
  const proofs = (state.proof?.proofs ?? []).filter(({ result }) => result === 'untested');
  const why = [...new Set(proofs.map(({ reason }) => reason))].join('; ');
  const reason = `not every Envoy has said that it knows ${plan.version}: ${why}. It goes on when they have; promote goes on without, abort takes it back.`;
  const moved = enterPhase(state, 'needs-person', atMs, reason);
  return issue(moved, (seq) => ({ type: 'enter', seq, wave: state.wave, held: true }));
}

/** What a phase still allows. */
import type { Phase, RolloutState } from './state.ts';

/** Phases from which the way back must be entered at once on breach, abort or cancellation. */
const forwardPhases: readonly Phase[] = [
  'preparing',
  'entering',
  'testing',
  'applying',
  'verifying',
  'baking',
  'pinning',
  'asking',
  'frozen',
  'gated',
  'paused',
  'needs-person',
  'confirming',
];

export const isForward = (phase: Phase): boolean => forwardPhases.includes(phase);

export const isRestoring = (phase: Phase): boolean => phase === 'restoring' || phase === 'proving-restore';

/** Is there anything to take back: on the way forward, or kept by clusters while others are taken back. */
export const canLeave = (state: RolloutState): boolean =>
  isForward(state.phase) || (isRestoring(state.phase) && Object.values(state.shares).some((share) => share > 0));

/** Which messages a phase takes. Shared by the workflow's validators and the CLI's help. */
import { canLeave, isForward } from './next.ts';
import type { RolloutState } from './state.ts';

export type MessageType = 'approve' | 'pause' | 'resume' | 'abort' | 'promote';

/** '' = welcome; else why not and what to do, before anything is written to the history. */
export function refuseMessage(type: MessageType, state: RolloutState): string {
  if (state.phase === 'ended') return `this rollout has ended (${state.outcome ?? 'unknown'}): ${state.reason}`;
  // Clusters that keep the version while others go back can still be taken back, too.
  if (type === 'abort' && canLeave(state)) return '';
  if (!isForward(state.phase)) {
    const hint = state.phase === 'committing' ? ' Use undo once it has ended.' : '';
    return `${type} comes too late: the rollout is ${state.phase}.${hint}`;
  }
  if (type === 'pause' && state.paused) return 'it is paused already';
  if (type === 'resume' && !state.paused && state.phase !== 'needs-person') return 'it is not paused';
  if (type === 'approve' && state.phase !== 'gated') return `nothing waits for approval: the rollout is ${state.phase}`;
  return '';
}

/**
 * Which messages a phase takes. Shared by the reducer, the workflow's validators and the CLI's help, so that they agree:
 * what is refused here changes nothing, and what is not does what it says.
 */
import { partFlag, takingBack, type Part } from '../../routing/part.ts';
import type { SteeredStep } from '../steered-step.ts';
import { canLeave, isForward, isRestoring } from './phases.ts';
import type { RolloutState } from './state.ts';

export type MessageType = 'approve' | 'pause' | 'resume' | 'abort' | 'promote' | 'giveUp';

interface About {
  /** That a message names; absent: none. */
  readonly cluster?: string;
  /** That the rollout moves; absent: the versions. */
  readonly part?: Part;
  /** The moment that a message names; absent: none. */
  readonly of?: SteeredStep;
  /** Places that this name leaves open without a word (`unnamedIn`); absent: none. Only validators ask. */
  readonly unnamed?: string;
  /** Which run this is. Absent: it is not for the asker to know, and only wave and step are compared. */
  readonly run?: Pick<SteeredStep, 'workflowId' | 'runId'>;
  /** A promotion that freeze windows do not hold. */
  readonly breakGlass?: boolean;
}

/** '' = welcome; else why not and what to do, before anything is written to the history. */
export function refuseMessage(type: MessageType, state: RolloutState, about: About = {}): string {
  if (state.phase === 'ended') return `this rollout has ended (${state.outcome ?? 'unknown'}): ${state.reason}`;
  const other = refuseOther(type, state, about);
  if (other !== '') return other;
  if (type === 'giveUp') return refuseGiveUp(state, about);
  if (type === 'abort') return canLeave(state) ? '' : tooLate(type, state, about);
  if (!isForward(state.phase)) return tooLate(type, state, about);
  if (type === 'pause' && state.paused) return 'it is paused already';
  if (type === 'resume' && !state.paused && !['needs-person', 'frozen'].includes(state.phase))
    return 'it is not paused';
  if (type === 'promote' && state.phase === 'frozen' && about.breakGlass !== true && !state.glassBroken) {
    return `${state.reason}. In an emergency: promote with a reason to break the glass (tidegate rollout promote SERVICE --break-glass REASON)`;
  }
  if (type === 'approve' && state.phase !== 'gated') return `nothing waits for approval: the rollout is ${state.phase}`;
  return '';
}

/** What goes back or holds is taken at every step of its run: only what goes forward can do harm at another one. */
const ofEveryStep: readonly MessageType[] = ['abort', 'pause', 'giveUp'];

/** A message that comes late, or once more, must not act on another run, or on another step. */
function refuseOther(type: MessageType, state: RolloutState, { of, run, unnamed = '' }: About): string {
  if (of === undefined) return '';
  if (run !== undefined && (of.workflowId !== run.workflowId || of.runId !== run.runId)) {
    return `${type} was said of another run (${of.workflowId}, run ${of.runId}), and this one is ${run.workflowId}, run ${run.runId}: look at it, and say it anew`;
  }
  if (ofEveryStep.includes(type)) return '';
  if (unnamed !== '')
    return `${type} does not name the step that it is about (of: ${unnamed}): write wave and step as whole numbers, or -1 for any`;
  const isThis = (of.wave < 0 || of.wave === state.wave) && (of.step < 0 || of.step === state.step);
  if (isThis) return '';
  return `${type} was said of ${placeText(of)}, and the rollout is at ${placeText(state)} now: look at it, and say it anew`;
}

const placeText = ({ wave, step }: Pick<SteeredStep, 'wave' | 'step'>): string =>
  `${wave < 0 ? 'any wave' : `wave ${wave + 1}`}${step < 0 ? '' : ` step ${step + 1}`}`;

function tooLate(type: MessageType, state: RolloutState, { part = 'versions' }: About): string {
  const text = `${type} comes too late: the rollout is ${state.phase}.`;
  if (state.phase === 'committing') return `${text} Once it has ended, ${takingBack(part)}.`;
  if (!isRestoring(state.phase)) return text;
  const { outstanding } = state;
  const all = `${text} Everything goes back already`;
  if (outstanding.length === 0) return `${all} and is written; the proof ends by itself.`;
  return `${all}; still to write: ${outstanding.join(', ')}. One that will not answer can be given up (giveUp; tidegate rollout give-up SERVICE${partFlag(part)} --cluster X).`;
}

/** Only what is still to be written can be given up: the rest is back, or was never touched. */
function refuseGiveUp(state: RolloutState, about: About): string {
  const { cluster = '' } = about;
  if (cluster === '') return 'name the cluster that will not answer: {"cluster": "…", "reason": "…"}';
  if (isForward(state.phase)) {
    return `nothing goes back yet: the rollout is ${state.phase}. Abort it first; then ${cluster} can be given up, if it does not answer.`;
  }
  if (!isRestoring(state.phase)) return tooLate('giveUp', state, about);
  if (state.absent[cluster] !== undefined) return `${cluster} is given up already: ${state.absent[cluster].reason}`;
  if (state.outstanding.includes(cluster)) return '';
  const left = state.outstanding.length === 0 ? 'none is' : `${state.outstanding.join(', ')}`;
  const why = state.back[cluster] === undefined ? 'is no client cluster of this way back' : 'is written already';
  return `${cluster} ${why}; still to write: ${left}`;
}

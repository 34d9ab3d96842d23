/**
 * Leave for a step forward: the freeze windows must be open, and the gate of the step, if it has one, must have said go.
 * Nobody is asked on a way back. What has moved is watched meanwhile, as in every hold.
 */
import { formatShare } from '../../values/share.ts';
import type { Plan, PlannedGate } from '../plan/plan.ts';
import { waveAt } from '../plan/planned-at.ts';
import { closedAt, instantText, openUntilMs } from '../windows.ts';
import { takeStep } from './forward-steps.ts';
import type { ForwardStep, Next, RolloutEvent, RolloutState } from './state.ts';
import { enterPhase, issue } from './transition.ts';
import { leaveForward } from './way-back.ts';

/** A window that was taken out of the config is noticed that late, ms; `resume` looks at once. */
const READ_AGAIN_MS = 6 * 3_600_000;

/** … and windows that could not be read are asked for again then, ms: each time costs some events. */
const UNREAD_MS = 15 * 60_000;

/** Takes the step, or asks first. */
export function goForward(plan: Plan, state: RolloutState, step: ForwardStep, atMs: number): Next {
  if (mustRead(plan, state, atMs)) return readWindows({ ...state, waits: step }, atMs);
  const gate = gateOf(plan, state, step);
  if (gate !== null && step.to === 'share') return askGate({ ...state, waits: step }, { gate, step: step.step, atMs });
  return takeStep(plan, state, step, atMs);
}

const mustRead = (plan: Plan, state: RolloutState, atMs: number): boolean =>
  plan.windows !== undefined && !state.glassBroken && atMs >= state.openUntilMs;

function gateOf(plan: Plan, state: RolloutState, step: ForwardStep): PlannedGate | null {
  if (step.to !== 'share' || state.full || state.gatePassed) return null;
  return waveAt(plan, state.wave).steps[step.step]?.gate ?? null;
}

function readWindows(state: RolloutState, atMs: number): Next {
  const moved = enterPhase(state, 'asking', atMs, 'is a freeze window closed?');
  return issue(moved, (seq) => ({ type: 'readWindows', seq, afterMs: 0 }));
}

interface Asking {
  readonly gate: PlannedGate;
  readonly step: number;
  readonly atMs: number;
}

function askGate(state: RolloutState, { gate, step, atMs }: Asking): Next {
  const { wave } = state;
  const moved = enterPhase(state, 'asking', atMs, `asks ${gate.url} whether wave ${wave + 1} step ${step + 1} may go`);
  return issue(moved, (seq) => ({ type: 'askGate', seq, wave, step }));
}

type Leave = Extract<RolloutEvent, { type: 'windowsRead' | 'windowsUnread' | 'gateSaid' }>;

export function onLeave(plan: Plan, state: RolloutState, event: Leave): Next {
  const { waits } = state;
  if (event.seq !== state.awaiting || waits === null) return { state, commands: [] };
  const { atMs } = event;
  // Traffic that was moved only to come back waits for no window.
  if (plan.comesBack === true && state.step >= 0 && event.type !== 'gateSaid') {
    const closed = event.type === 'windowsRead' ? closedAt(event.read, atMs) : null;
    const why = event.type === 'windowsUnread' ? `the freeze windows cannot be read: ${event.reason}` : closed?.why;
    if (why !== undefined) return leaveForward(plan, state, atMs, { cause: 'abort', reason: why });
  }
  if (event.type === 'windowsUnread') {
    const reason = `the freeze windows cannot be read, so none is known to be open: ${event.reason}. Asked again at ${instantText(atMs + UNREAD_MS)}; resume asks now`;
    return freeze(state, { atMs, reason, readAtMs: atMs + UNREAD_MS });
  }
  if (event.type === 'gateSaid') {
    if (event.go) return granted(plan, { ...state, gatePassed: true }, waits, atMs);
    const share = waits.to === 'share' ? waveAt(plan, state.wave).steps[waits.step]?.share : undefined;
    const what = share === undefined ? 'the step' : formatShare(share);
    const reason = `the gate does not let ${what} go: ${event.reason}. Resume (asks again), promote (goes past it) or abort.`;
    return { state: enterPhase(state, 'needs-person', atMs, reason), commands: [] };
  }
  const closed = closedAt(event.read, atMs);
  if (closed === null) return granted(plan, { ...state, openUntilMs: openUntilMs(event.read, atMs) }, waits, atMs);
  const again = closed.untilMs >= event.read.untilMs ? 'not before' : 'at';
  const reason = `${closed.why}: the next window opens ${again} ${instantText(closed.untilMs)}; what has moved is watched`;
  return freeze(state, { atMs, reason, readAtMs: Math.min(closed.untilMs, atMs + READ_AGAIN_MS) });
}

function freeze(
  state: RolloutState,
  { atMs, reason, readAtMs }: { readonly atMs: number; readonly reason: string; readonly readAtMs: number },
): Next {
  // The same hold goes on: it is since it began that people count.
  const since = state.phase === 'frozen' ? state.since : atMs;
  const same = state.phase === 'frozen' && state.reason === reason;
  const frozen = same ? state : { ...enterPhase(state, 'frozen', atMs, reason), since };
  return issue(frozen, (seq) => ({ type: 'readWindows', seq, afterMs: readAtMs }));
}

function granted(plan: Plan, state: RolloutState, step: ForwardStep, atMs: number): Next {
  const asks = gateOf(plan, state, step) !== null || mustRead(plan, state, atMs);
  if (state.paused && !asks) {
    return { state: enterPhase(state, 'paused', atMs, 'paused; resume to go on'), commands: [] };
  }
  return goForward(plan, state, step, atMs);
}

/** What was asked before a pause, or by whoever refused, is asked anew: time has passed. */
export function askAgain(plan: Plan, state: RolloutState, step: ForwardStep, atMs: number): Next {
  if (state.phase === 'asking') return { state, commands: [] };
  // The hold goes on until the answer has come.
  if (state.phase === 'frozen') return issue(state, (seq) => ({ type: 'readWindows', seq, afterMs: 0 }));
  return goForward(plan, { ...state, openUntilMs: 0, gatePassed: false }, step, atMs);
}

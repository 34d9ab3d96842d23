/** The state machine of a rollout: next(plan, state, event) → { state, commands }. */
import { partOf, takingBack } from '../../routing/part.ts';
import { personText } from '../../values/person.ts';
import { formatShare } from '../../values/share.ts';
import type { Plan } from '../plan/plan.ts';
import type { BrokenGlass } from '../windows.ts';
import { contradictionsOf } from '../../judge/proof/proof.ts';
import { askAgain, goForward, onLeave } from './asking.ts';
import { mustTest, tested, testWave } from './before.ts';
import { isPinned, isToPin } from './pinning.ts';
import { stepAt, waveAt } from '../plan/planned-at.ts';
import { holdEntry, mustEnter } from './entry.ts';
import { canLeave, isForward, isRestoring } from './phases.ts';
import { refusedSaying } from './refused-saying.ts';
import { acting, byWhom } from './said.ts';
import type { Command, Next, RolloutEvent, RolloutState } from './state.ts';
import { butAbsent, enterPhase, hold, issue, logged, watch } from './transition.ts';
import { giveUp, leaveForward, onReset, onRestoreAnswer, takeBack } from './way-back.ts';

export { isForward };

export function next(plan: Plan, state: RolloutState, event: RolloutEvent): Next {
  if (state.phase === 'ended') return { state, commands: [] };
  const deaf = refusedSaying(plan, state, event);
  return deaf ?? heard(plan, acting(state, event), event);
}

function heard(plan: Plan, state: RolloutState, event: RolloutEvent): Next {
  switch (event.type) {
    case 'started':
      return onStarted(plan, state, event.atMs);
    case 'wasReset':
      return onReset(plan, state, event.atMs);
    case 'abort':
    case 'alert':
    case 'cancel':
      return leaveForward(plan, state, event.atMs, {
        cause: event.type === 'cancel' ? 'cancel' : 'abort',
        reason: `${event.type}${byWhom(event)}: ${event.reason}`,
      });
    case 'giveUp':
      return giveUp(state, event);
    case 'pause':
      return {
        state: logged({ ...state, paused: true }, event.atMs, `paused${byWhom(event)}: ${event.reason}`),
        commands: [],
      };
    case 'resume':
      return onResume(plan, state, event);
    case 'approve':
    case 'promote':
      return onGo(plan, state, event);
    case 'watched':
      // A breach counts whichever watch saw it: the one that a message has just replaced saw it too.
      if (event.seq === state.watching || event.result.verdict === 'breach') return onWatched(plan, state, event);
      return { state, commands: [] };
    case 'wrote':
      return onWrote(plan, state, event.seq);
    case 'windowsRead':
    case 'windowsUnread':
    case 'gateSaid':
      return onLeave(plan, state, event);
    case 'failed':
      if (event.seq === state.watching && canLeave(state)) return onFailed(plan, state, event);
      return event.seq === state.awaiting ? onAnswer(plan, state, event) : { state, commands: [] };
    default:
      return event.seq === state.awaiting ? onAnswer(plan, state, event) : { state, commands: [] };
  }
}

function onStarted(plan: Plan, state: RolloutState, atMs: number): Next {
  const absent = Object.entries(plan.absent ?? {}).map(([name, reason]) => [name, { atMs, reason }] as const);
  const known = { ...state, absent: Object.fromEntries(absent) };
  const started = logged(known, atMs, `${plan.kind} ${plan.service.service} ${plan.version} started`);
  if (plan.kind === 'restore')
    return leaveForward(plan, { ...started, touchedWaves: plan.waves.length }, atMs, {
      cause: 'abort',
      reason: 'restore was asked for',
    });
  if (plan.kind === 'release') {
    return issue(enterPhase(started, 'releasing', atMs, 'giving the service back'), (seq) => ({
      type: 'release',
      seq,
    }));
  }
  const broken = plan.breakGlass;
  const free = broken === undefined ? started : breakGlass(started, atMs, broken);
  return goForward(plan, free, { to: 'prepare', wave: 0 }, atMs);
}

type Answer = Extract<
  RolloutEvent,
  { type: 'done' | 'failed' | 'proved' | 'restoredOne' | 'provedOne' | 'failedOne' | 'untold' }
>;

function onAnswer(plan: Plan, state: RolloutState, event: Answer): Next {
  if (isRestoring(state.phase)) return onRestoreAnswer(plan, state, event);
  if (event.type === 'failed') return onFailed(plan, state, event);
  switch (state.phase) {
    case 'preparing':
      return enterWave(plan, state, event.atMs);
    case 'entering':
    // A person is asked, and the proof may come all the same.
    case 'needs-person':
      return onEntered(plan, state, event);
    case 'testing':
      return beginShares(plan, tested(state, event.atMs), event.atMs);
    case 'applying':
      return verifyStep(plan, state, event.atMs);
    case 'verifying':
      return onVerified(plan, state, event);
    case 'pinning':
      return onPinned(plan, state, event.atMs);
    case 'confirming':
      return onConfirmed(plan, state, event.atMs);
    case 'committing':
      return onCommitted(plan, state, event.atMs);
    case 'releasing':
      return end(state, event.atMs, 'released', 'the service is as Cilium routes it by itself');
    default:
      return { state, commands: [] };
  }
}

function onFailed(plan: Plan, state: RolloutState, event: Extract<Answer, { type: 'failed' }>): Next {
  if (canLeave(state)) {
    return leaveForward(plan, state, event.atMs, { cause: 'error', reason: event.reason, code: event.code });
  }
  // A permanent refusal, or a commit that no cluster took for two minutes: traffic is whole, a person decides.
  const part = partOf(plan);
  const failed = { ...state, cause: 'error' as const, code: event.code };
  return end(
    failed,
    event.atMs,
    'unproven',
    `${state.phase} failed: ${event.reason}; the settler makes it whole by itself; after that ${takingBack(part)} or try again`,
    stopWatch(state),
  );
}

function enterWave(plan: Plan, state: RolloutState, atMs: number): Next {
  const touched = { ...state, touchedWaves: Math.max(state.touchedWaves, state.wave + 1) };
  const moved = enterPhase(touched, 'entering', atMs, `${plan.version} is ready; its subsets enter with weight 0`);
  return issue(moved, (seq) => ({ type: 'enter', seq, wave: state.wave }));
}

function onEntered(plan: Plan, state: RolloutState, event: Answer): Next {
  if (event.type !== 'proved') return { state, commands: [] };
  const seen = { ...state, proof: event.proof };
  if (event.proof.result === 'contradicted') {
    const reason = `no Envoy may send to ${plan.version} yet: ${contradictionsOf(event.proof)}`;
    return leaveForward(plan, seen, event.atMs, { cause: 'error', reason, code: 'DeadlineExceeded' });
  }
  if (event.proof.result === 'untested' && mustEnter(plan)) {
    const reason = 'not every Envoy has said that it knows who answers instead';
    return plan.comesBack === true
      ? leaveForward(plan, seen, event.atMs, { cause: 'abort', reason })
      : holdEntry(plan, seen, event.atMs);
  }
  return beginShares(plan, seen, event.atMs);
}

function beginShares(plan: Plan, state: RolloutState, atMs: number): Next {
  if (state.paused) return { state: enterPhase(state, 'paused', atMs, 'paused before the first share'), commands: [] };
  return toFirstStep(plan, state, atMs);
}

/** promote --full goes straight to a wave's last step. */
function firstStep(plan: Plan, state: RolloutState): number {
  const last = waveAt(plan, state.wave).steps.length - 1;
  return state.full ? last : Math.min(state.step + 1, last);
}

/** Callers meet the new version from here on, however long the other clients take: it is watched. */
function onWrote(plan: Plan, state: RolloutState, seq: number): Next {
  if (seq !== state.awaiting || state.phase !== 'applying' || state.watchedWave === state.wave)
    return { state, commands: [] };
  return hold(plan, state);
}

function verifyStep(plan: Plan, state: RolloutState, atMs: number): Next {
  const share = formatShare(stepAt(waveAt(plan, state.wave), state.step).share);
  const moved = enterPhase(state, 'verifying', atMs, `written; proving ${share} by the traffic itself`);
  const issued = issue(moved, (seq) => ({ type: 'verify', seq, wave: state.wave, step: state.step }));
  if (state.watchedWave === state.wave) return issued;
  // The running watch, if any, does not look at this wave's clusters yet.
  const held = hold(plan, issued.state);
  return { state: held.state, commands: [...held.commands, ...issued.commands] };
}

function onVerified(plan: Plan, state: RolloutState, event: Answer): Next {
  if (event.type !== 'proved') return { state, commands: [] };
  const seen = { ...state, proof: event.proof };
  if (event.proof.result === 'contradicted') {
    const reason = `the traffic contradicts the weights: ${contradictionsOf(event.proof)}`;
    return leaveForward(plan, seen, event.atMs, { cause: 'error', reason, code: 'Contradicted' });
  }
  const step = stepAt(waveAt(plan, state.wave), state.step);
  if (seen.full || seen.go || step.bakeMs === 0) return afterBake(plan, seen, event.atMs, 'no bake asked for');
  const reason = `${event.proof.result}; watching for ${Math.round(step.bakeMs / 1000)} s`;
  return watch(plan, enterPhase(seen, 'baking', event.atMs, reason), { mode: 'bake', bakeMs: step.bakeMs });
}

function onWatched(plan: Plan, state: RolloutState, event: Extract<RolloutEvent, { type: 'watched' }>): Next {
  const { result } = event;
  const seen = { ...state, watching: 0, readings: result.readings };
  if (result.verdict === 'breach') {
    const ignored = !canLeave(state) && state.phase !== 'committing';
    return ignored ? { state, commands: [] } : takeBack(plan, seen, event.atMs, result);
  }
  if (state.phase !== 'baking') return { state: seen, commands: [] };
  if (result.verdict === 'healthy') return afterBake(plan, seen, event.atMs, result.reason);
  if (plan.comesBack === true)
    return leaveForward(plan, seen, event.atMs, { cause: 'abort', reason: `no verdict: ${result.reason}` });
  const held = enterPhase(
    seen,
    'needs-person',
    event.atMs,
    `no verdict: ${result.reason}. Promote, resume (bake again) or abort.`,
  );
  return hold(plan, held);
}

/** The evidence allows the next step; a gate or a pause may still hold it. */
function afterBake(plan: Plan, state: RolloutState, atMs: number, reason: string): Next {
  const step = stepAt(waveAt(plan, state.wave), state.step);
  const healthy = logged(state, atMs, `wave ${state.wave + 1} step ${state.step + 1}: ${reason}`);
  if (step.approve && !isPinned(state) && !state.full && !state.go) {
    return hold(plan, enterPhase(healthy, 'gated', atMs, 'waiting for approval'));
  }
  if (state.paused) return hold(plan, enterPhase(healthy, 'paused', atMs, 'paused; resume to go on'));
  return advance(plan, healthy, atMs);
}

function advance(plan: Plan, state: RolloutState, atMs: number): Next {
  const held = hold(plan, state);
  const then = toNextStep(plan, held.state, atMs);
  return { state: then.state, commands: [...held.commands, ...then.commands] };
}

function toNextStep(plan: Plan, state: RolloutState, atMs: number): Next {
  const steps = waveAt(plan, state.wave).steps.length;
  if (state.step < 0) return toFirstStep(plan, state, atMs);
  if (state.step + 1 < steps) return goForward(plan, state, { to: 'share', step: firstStep(plan, state) }, atMs);
  if (plan.comesBack === true)
    return leaveForward(plan, state, atMs, { cause: 'drilled', reason: `${plan.version}: every step has held` });
  if (plan.pins === 'last' && isToPin(plan, state)) return goForward(plan, state, { to: 'pin' }, atMs);
  if (state.wave + 1 < plan.waves.length) return goForward(plan, state, { to: 'prepare', wave: state.wave + 1 }, atMs);
  if (plan.confirms === undefined) return commit(plan, state, atMs);
  const reason = `${plan.version} serves everywhere; every share is written once more before it is the proven one`;
  return issue(enterPhase(state, 'confirming', atMs, reason), (seq) => ({ type: 'confirm', seq }));
}

function toFirstStep(plan: Plan, state: RolloutState, atMs: number): Next {
  if (mustTest(plan, state)) return testWave(plan, state, atMs);
  if (plan.pins === 'first' && isToPin(plan, state)) return goForward(plan, state, { to: 'pin' }, atMs);
  return goForward(plan, state, { to: 'share', step: firstStep(plan, state) }, atMs);
}

/** Who moved by a step that is baked by now is joined by those whom Envoy does not see: watched as long once more. */
function onPinned(plan: Plan, state: RolloutState, atMs: number): Next {
  const pinned = { ...state, pinnedWaves: state.wave + 1 };
  if (plan.pins === 'first') return toFirstStep(plan, pinned, atMs);
  const { bakeMs } = stepAt(waveAt(plan, state.wave), state.step);
  if (pinned.full || pinned.go || bakeMs === 0) return afterBake(plan, pinned, atMs, 'no bake asked for');
  const reason = `callers past Envoy get ${plan.version}, too; watching for ${Math.round(bakeMs / 1000)} s`;
  return watch(plan, enterPhase(pinned, 'baking', atMs, reason), { mode: 'bake', bakeMs });
}

function onConfirmed(plan: Plan, state: RolloutState, atMs: number): Next {
  if (!state.paused) return commit(plan, state, atMs);
  return { state: enterPhase(state, 'paused', atMs, 'paused before the commit; resume to go on'), commands: [] };
}

function commit(plan: Plan, state: RolloutState, atMs: number): Next {
  const serving = plan.waves.flatMap((wave) => wave.serving);
  const moved = enterPhase(state, 'committing', atMs, `${plan.version} serves everywhere; it becomes what is proven`);
  return issue(moved, (seq) => ({ type: 'commit', seq, serving: [...new Set(serving)] }));
}

function onCommitted(plan: Plan, state: RolloutState, atMs: number): Next {
  // Nobody left out what did not answer: a person should know before anybody takes it for done.
  const lacking = [...state.takenBack, ...(plan.unreached ?? []).filter((name) => !state.takenBack.includes(name))];
  if (lacking.length > 0) {
    const reason = `${plan.version} is proven except in ${lacking.join(', ')}${butAbsent(state)}`;
    return end(state, atMs, 'partial', reason, [{ type: 'stopWatch' }]);
  }
  const commands: Command[] = [{ type: 'stopWatch' }, { type: 'retire', what: 'replaced' }];
  const but = butAbsent(state);
  return end(state, atMs, 'promoted', `${plan.version} is proven${but === '' ? ' everywhere' : but}`, commands);
}

function onResume(plan: Plan, state: RolloutState, event: Extract<RolloutEvent, { type: 'resume' }>): Next {
  const { atMs } = event;
  const resumed = logged({ ...state, paused: false }, atMs, `resumed${byWhom(event)}: ${event.reason}`);
  if (state.waits !== null) return askAgain(plan, resumed, state.waits, atMs);
  if (state.phase === 'paused') return advance(plan, resumed, atMs);
  // An entry that waits for its proof goes on waiting.
  if (state.phase !== 'needs-person' || state.awaiting > 0) return { state: resumed, commands: [] };
  const { bakeMs } = stepAt(waveAt(plan, state.wave), state.step);
  return watch(plan, enterPhase(resumed, 'baking', atMs, 'baking again'), { mode: 'bake', bakeMs });
}

function onGo(plan: Plan, state: RolloutState, event: Extract<RolloutEvent, { type: 'approve' | 'promote' }>): Next {
  const { atMs, type, reason } = event;
  const promotes = type === 'promote';
  const full = state.full || (promotes && event.full);
  const said = logged({ ...state, full, go: true }, atMs, `${type}${byWhom(event)}: ${reason}`);
  const waits = promotes ? ['baking', 'gated', 'paused', 'needs-person', 'asking', 'frozen'] : ['gated'];
  const broken =
    promotes && event.breakGlass === true
      ? breakGlass(said, atMs, { reason, by: event.by ?? { name: 'somebody', how: 'claimed' } })
      : said;
  // A promotion goes past the gate of the next step; an approval is one of its own.
  const known = promotes ? { ...broken, gatePassed: true } : broken;
  if (!waits.includes(state.phase)) return { state: known, commands: [] };
  if (!promotes) return state.paused ? afterBake(plan, known, atMs, 'approved') : advance(plan, known, atMs);
  const going = { ...known, paused: false };
  return state.waits === null ? advance(plan, going, atMs) : goForward(plan, going, state.waits, atMs);
}

/** In words that stand out in a log: an auditor looks for them. */
const breakGlass = (state: RolloutState, atMs: number, { reason, by }: BrokenGlass): RolloutState =>
  logged(
    { ...state, glassBroken: true },
    atMs,
    `GLASS BROKEN by ${personText(by)}: ${reason}; freeze windows hold nothing any more`,
  );

function stopWatch(state: RolloutState): Command[] {
  return state.watching === 0 ? [] : [{ type: 'stopWatch' }];
}

function end(
  state: RolloutState,
  atMs: number,
  outcome: NonNullable<RolloutState['outcome']>,
  reason: string,
  commands: Command[] = [],
): Next {
  return { state: { ...enterPhase(state, 'ended', atMs, reason), outcome, awaiting: 0, watching: 0 }, commands };
}

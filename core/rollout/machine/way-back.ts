/** The way back: breach, abort, cancellation and errors all lead here; nothing on it waits for readiness or people. */
import type { WatchSloResult } from '../../judge/look/watch.ts';
import { partOf, takingBack } from '../../routing/part.ts';
import { WHOLE } from '../../values/share.ts';
import type { Plan } from '../plan/plan.ts';
import { combineResults, contradictionsOf, type VerifyRoutingResult } from '../../judge/proof/proof.ts';
import { present } from '../../values/json.ts';
import { isToPin } from './pinning.ts';
import { isForward, isRestoring } from './phases.ts';
import type { ClusterBack, Command, Next, RolloutEvent, RolloutState } from './state.ts';
import { butAbsent, enterPhase, hold, issue, logged } from './transition.ts';

interface Leaving {
  readonly cause: Exclude<RolloutState['cause'], 'none'>;
  readonly reason: string;
  readonly code?: string;
  /** Serving clusters to take back; empty = all. */
  readonly serving?: readonly string[];
}

/** Stops going forward and restores, at once, everything that may have been written. */
export function leaveForward(plan: Plan, state: RolloutState, atMs: number, leaving: Leaving): Next {
  const serving = leaving.serving ?? [];
  const touched = touchedClients(plan, state, serving);
  const clients = touched.filter((name) => state.absent[name] === undefined);
  const left: RolloutState = {
    ...state,
    leftBecause: leaving.reason,
    cause: leaving.cause,
    code: leaving.code ?? '',
    watching: 0,
    paused: false,
  };
  if (touched.length === 0) {
    const ended = {
      ...enterPhase(left, 'ended', atMs, `${leaving.reason} (no traffic had moved)`),
      outcome: 'restored' as const,
    };
    return { state: ended, commands: [{ type: 'stopWatch' }, { type: 'retire', what: 'failed' }] };
  }
  if (clients.length === 0) return close(left, atMs, 'unproven', nobodyLeft(plan, left), [{ type: 'stopWatch' }]);
  const shares = Object.fromEntries(
    Object.entries(left.shares).map(([name, share]) => [
      name,
      serving.length === 0 || serving.includes(name) ? 0 : share,
    ]),
  );
  const moments = { ...left.moments, verdict: left.moments.verdict ?? atMs };
  const back = Object.fromEntries(clients.map((name) => [name, { state: 'writing', atMs, reason: '' } as const]));
  const restoring = enterPhase(
    { ...left, shares, moments, outstanding: clients, back: { ...givenUp(left), ...back } },
    'restoring',
    atMs,
    leaving.reason,
  );
  const issued = issue(restoring, (seq) => ({ type: 'restore', seq, clients, serving }));
  // Clusters that keep the new version stay under watch while others are taken back.
  const kept = hold(plan, issued.state);
  return { state: kept.state, commands: [{ type: 'stopWatch' }, ...issued.commands, ...kept.commands] };
}

/**
 * A reset run is at an earlier point than its former self was. What that one has moved since, in waves that this one has
 * not come to, nobody would watch: it goes back, and the run comes to it again in its turn.
 */
export function onReset(plan: Plan, state: RolloutState, atMs: number): Next {
  if (!isForward(state.phase) || plan.kind === 'restore' || plan.kind === 'release') return { state, commands: [] };
  // A run may be reset more than once: what it had touched before says nothing of where it is now.
  const reached = state.phase === 'preparing' ? state.wave : state.wave + 1;
  const beyond = plan.waves.slice(reached);
  const text = 'the run was reset; what its former self has moved beyond this point goes back';
  const known = logged({ ...state, touchedWaves: plan.waves.length }, atMs, text);
  // Nothing is proven in an adoption: there it is all of a client or nothing.
  const kept = plan.kind === 'adopt' ? plan.waves.slice(0, reached).flatMap((wave) => wave.clients) : [];
  const clients = [...new Set(beyond.flatMap((wave) => wave.clients))].filter(
    (name) => !kept.includes(name) && state.absent[name] === undefined,
  );
  if (clients.length === 0) return { state: known, commands: [] };
  const serving = [...new Set(beyond.flatMap((wave) => wave.serving))];
  return { state: known, commands: [{ type: 'takeBack', turn: state.lastSeq, clients, serving }] };
}

/** A breach: all clusters, or (onBreach: cluster) those that breach by themselves and those still on their way. */
export function takeBack(plan: Plan, state: RolloutState, atMs: number, result: WatchSloResult): Next {
  const seen: RolloutState = {
    ...state,
    readings: result.readings,
    moments: { ...state.moments, firstBad: result.firstBadAtMs, verdict: result.decidedAtMs },
  };
  if (state.phase === 'committing' || state.phase === 'releasing') {
    return {
      state: logged(seen, atMs, `breach during ${state.phase}: ${result.reason}; ${takingBack(partOf(plan))}`),
      commands: [],
    };
  }
  const reason = `breach: ${result.reason}`;
  if (plan.onBreach === 'all' || result.breached.length === 0 || isRestoring(state.phase)) {
    return leaveForward(plan, seen, atMs, { cause: 'breach', reason });
  }
  const settled = settledServing(plan, seen);
  const serving = Object.entries(seen.shares)
    .filter(([name, share]) => share > 0 && (result.breached.includes(name) || !settled.includes(name)))
    .map(([name]) => name);
  return leaveForward(plan, { ...seen, takenBack: serving }, atMs, { cause: 'breach', reason, serving });
}

/**
 * Serving clusters whose whole share was proven and baked: only they may keep the version when others go back. A bake
 * that ended without a verdict (needs-person) is no evidence.
 */
function settledServing(plan: Plan, state: RolloutState): string[] {
  const last = (plan.waves[state.wave]?.steps.length ?? 0) - 1;
  const isWhole = state.step === last && (plan.pins !== 'last' || !isToPin(plan, state));
  const asks = ['asking', 'frozen'].includes(state.phase) || state.waits !== null;
  const waits = (['gated', 'paused', 'confirming'].includes(state.phase) || asks) && isWhole;
  return plan.waves.slice(0, waits ? state.wave + 1 : state.wave).flatMap((wave) => wave.serving);
}

function touchedClients(plan: Plan, state: RolloutState, serving: readonly string[]): string[] {
  const waves = plan.waves.slice(0, state.touchedWaves);
  const reached = waves.filter((wave) => serving.length === 0 || wave.serving.some((name) => serving.includes(name)));
  return [...new Set(reached.flatMap((wave) => wave.clients))];
}

type Answer = Extract<
  RolloutEvent,
  { type: 'done' | 'failed' | 'proved' | 'restoredOne' | 'provedOne' | 'failedOne' | 'untold' }
>;

/** Each client cluster is written, proven and told by itself: none waits for another, and the run for all or their absence. */
export function onRestoreAnswer(plan: Plan, state: RolloutState, event: Answer): Next {
  if ('cluster' in event && state.absent[event.cluster] !== undefined) {
    // It was written while a person gave it up: that word stands, and says nothing wrong of the others.
    const text = `${event.cluster}, which was given up: ${event.type === 'restoredOne' ? 'it was written after all' : event.type}`;
    return { state: logged(state, event.atMs, text), commands: [] };
  }
  switch (event.type) {
    case 'restoredOne':
      return restoredOne(state, event.cluster, event.atMs);
    case 'provedOne':
      return provedOne(state, event);
    case 'failedOne':
      return { state: withBack(state, event.cluster, { ...event, state: 'failed' }), commands: [] };
    case 'untold': {
      const text = `${event.cluster}: its record does not name what was given up: ${event.reason}`;
      return { state: logged(state, event.atMs, text), commands: [] };
    }
    case 'done':
      return onDone(plan, state, event.atMs);
    case 'proved':
      return onProved(plan, proven(state, event.proof), event.atMs);
    case 'failed':
      return close(
        state,
        event.atMs,
        'unproven',
        `restore needs a person: ${event.reason}${whatIsWhere(state)}${butAbsent(state)}`,
        [],
      );
  }
}

/** A person's word ends the wait for one cluster. Its record stays half moved: a restore brings it back when it returns. */
export function giveUp(state: RolloutState, event: Extract<RolloutEvent, { type: 'giveUp' }>): Next {
  const { cluster, reason, atMs } = event;
  const absence = { atMs, reason };
  const left = withBack(state, cluster, { state: 'absent', ...absence });
  const known = { ...left, absent: { ...left.absent, [cluster]: absence } };
  const said = logged(known, atMs, `${cluster} is given up: ${reason}; it may go on with its last route`);
  return { state: written(said, cluster, atMs), commands: [{ type: 'giveUp', cluster, absence }] };
}

function restoredOne(state: RolloutState, cluster: string, atMs: number): Next {
  const said = logged(state, atMs, `${cluster}: proven weights written`);
  const back = withBack(said, cluster, { state: 'written', atMs, reason: '' });
  return { state: written(back, cluster, atMs), commands: [] };
}

function provedOne(state: RolloutState, event: Extract<Answer, { type: 'provedOne' }>): Next {
  const { cluster, proof, atMs } = event;
  const reason = proof.result === 'contradicted' ? contradictionsOf(proof) : untestedBecause(proof);
  const back = withBack(state, cluster, { state: proof.result, atMs, reason, proof });
  const said = logged(back, atMs, `${cluster}: ${proof.result}${reason === '' ? '' : `: ${reason}`}`);
  return { state: { ...said, proof: proofOfBack(said) }, commands: [] };
}

/** One cluster less to write; with the last one the proof is all that is waited for. */
function written(state: RolloutState, cluster: string, atMs: number): RolloutState {
  const outstanding = state.outstanding.filter((name) => name !== cluster);
  const left = { ...state, outstanding };
  if (outstanding.length > 0 || state.phase !== 'restoring') return left;
  return allWritten(left, atMs);
}

/** The answer that the phase waits for stays the same. */
function allWritten(state: RolloutState, atMs: number): RolloutState {
  const { awaiting } = state;
  const moments = { ...state.moments, written: atMs };
  const reason = `the proven weights are written${Object.keys(state.absent).length > 0 ? '' : ' everywhere'}; proving them by the traffic`;
  return { ...enterPhase({ ...state, outstanding: [], moments }, 'proving-restore', atMs, reason), awaiting };
}

function onDone(plan: Plan, state: RolloutState, atMs: number): Next {
  const back = state.phase === 'restoring' ? allWritten(state, atMs) : state;
  const asked = Object.entries(back.back).filter(([name]) => back.absent[name] === undefined);
  if (asked.length === 0) return close(back, atMs, 'unproven', nobodyLeft(plan, back), []);
  if (asked.every(([, one]) => one.proof !== undefined)) return onProved(plan, proven(back, proofOfBack(back)), atMs);
  return issue(back, (seq) => ({ type: 'proveRestore', seq }));
}

const proven = (state: RolloutState, proof: VerifyRoutingResult): RolloutState => ({
  ...state,
  proof,
  moments: { ...state.moments, proven: proof.result === 'verified' ? proof.verifiedAtMs : null },
});

const proofOfBack = ({ back }: RolloutState): VerifyRoutingResult =>
  combineResults(Object.values(back).flatMap(({ proof }) => proof ?? []));

const withBack = (
  state: RolloutState,
  cluster: string,
  { state: is, atMs, reason, proof }: ClusterBack,
): RolloutState => ({
  ...state,
  back: { ...state.back, [cluster]: { state: is, atMs, reason, ...present({ proof }) } },
});

const givenUp = ({ back }: RolloutState): RolloutState['back'] =>
  Object.fromEntries(Object.entries(back).filter(([, one]) => one.state === 'absent'));

const nobodyLeft = (plan: Plan, state: RolloutState): string =>
  `${state.leftBecause}; no cluster was restored${butAbsent(state)}; the settler brings back each one that answers again`;

const whatIsWhere = ({ back }: RolloutState): string => {
  const told = Object.entries(back).filter(([, one]) => one.state !== 'absent');
  return told.length < 2 ? '' : ` (${told.map(([name, one]) => `${name}: ${one.state}`).join(', ')})`;
};

function onProved(plan: Plan, state: RolloutState, atMs: number): Next {
  const proof = state.proof;
  if (proof?.result === 'contradicted') {
    const where = contradictionsOf(proof);
    if (keptServing(plan, state).length > 0) {
      return leaveForward(plan, state, atMs, {
        cause: 'error',
        reason: `taking back only a part failed: ${where}`,
        code: 'Contradicted',
      });
    }
    return close(state, atMs, 'unproven', `restored in every record, but ${where}${butAbsent(state)}`, []);
  }
  const kept = keptServing(plan, state);
  if (kept.length > 0) {
    const moved = enterPhase(state, 'committing', atMs, `${plan.version} stays in ${kept.join(', ')}`);
    return issue(moved, (seq) => ({ type: 'commit', seq, serving: kept }));
  }
  return close(state, atMs, 'restored', `${state.leftBecause}; ${shownBy(proof)}${butAbsent(state)}`, [
    { type: 'retire', what: 'failed' },
  ]);
}

/** What is known of the way back, and no more. */
function shownBy(proof: RolloutState['proof']): string {
  if (proof?.result === 'verified') return 'traffic is verified back';
  return `the proven weights are written, untested by traffic: ${untestedBecause(proof) || 'nothing was counted'}`;
}

const untestedBecause = (proof: RolloutState['proof']): string =>
  proof?.proofs.find((one) => one.result === 'untested')?.reason ?? '';

/** Serving clusters that keep the new version after a breach elsewhere: they have it whole. */
function keptServing(plan: Plan, state: RolloutState): string[] {
  if (state.takenBack.length === 0 || plan.onBreach !== 'cluster') return [];
  return Object.entries(state.shares)
    .filter(([, share]) => share === WHOLE)
    .map(([name]) => name);
}

function close(
  state: RolloutState,
  atMs: number,
  outcome: 'restored' | 'unproven',
  reason: string,
  commands: readonly Command[],
): Next {
  return { state: { ...enterPhase(state, 'ended', atMs, reason), outcome, awaiting: 0, watching: 0 }, commands };
}

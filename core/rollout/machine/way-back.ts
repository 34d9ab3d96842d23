/** The way back: breach, abort, cancellation and errors all lead here; nothing on it waits for readiness or people. */
import type { WatchSloResult } from '../../judge/look/watch.ts';
import { WHOLE } from '../../values/share.ts';
import type { Plan } from '../plan/plan.ts';
import type { Command, Next, RolloutEvent, RolloutState } from './state.ts';
import { contradictionsOf } from '../../judge/proof/proof.ts';
import { enterPhase, hold, issue, logged } from './transition.ts';

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
  const clients = touchedClients(plan, state, serving);
  const left: RolloutState = {
    ...state,
    leftBecause: leaving.reason,
    cause: leaving.cause,
    code: leaving.code ?? '',
    watching: 0,
    paused: false,
  };
  if (clients.length === 0) {
    const ended = {
      ...enterPhase(left, 'ended', atMs, `${leaving.reason} (no traffic had moved)`),
      outcome: 'restored' as const,
    };
    return { state: ended, commands: [{ type: 'stopWatch' }, { type: 'retire', what: 'failed' }] };
  }
  const shares = Object.fromEntries(
    Object.entries(left.shares).map(([name, share]) => [
      name,
      serving.length === 0 || serving.includes(name) ? 0 : share,
    ]),
  );
  const moments = { ...left.moments, verdict: left.moments.verdict ?? atMs };
  const restoring = enterPhase({ ...left, shares, moments, outstanding: clients }, 'restoring', atMs, leaving.reason);
  const issued = issue(restoring, (seq) => ({ type: 'restore', seq, clients, serving }));
  // Clusters that keep the new version stay under watch while others are taken back.
  const kept = hold(plan, issued.state);
  return { state: kept.state, commands: [{ type: 'stopWatch' }, ...issued.commands, ...kept.commands] };
}

/** A breach: all clusters, or (onBreach: cluster) those that breach by themselves and those still on their way. */
export function takeBack(plan: Plan, state: RolloutState, atMs: number, result: WatchSloResult): Next {
  const seen: RolloutState = {
    ...state,
    readings: result.readings,
    moments: { ...state.moments, firstBad: result.firstBadAtMs, verdict: result.decidedAtMs },
  };
  if (state.phase === 'committing' || state.phase === 'releasing') {
    return { state: logged(seen, atMs, `breach during ${state.phase}: ${result.reason}; use undo`), commands: [] };
  }
  const reason = `breach: ${result.reason}`;
  const again = state.phase === 'restoring' || state.phase === 'proving-restore';
  if (plan.onBreach === 'all' || result.breached.length === 0 || again) {
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
  const waits = ['gated', 'paused'].includes(state.phase) && state.step === last;
  return plan.waves.slice(0, waits ? state.wave + 1 : state.wave).flatMap((wave) => wave.serving);
}

function touchedClients(plan: Plan, state: RolloutState, serving: readonly string[]): string[] {
  const waves = plan.waves.slice(0, state.touchedWaves);
  const reached = waves.filter((wave) => serving.length === 0 || wave.serving.some((name) => serving.includes(name)));
  return [...new Set(reached.flatMap((wave) => wave.clients))];
}

type Answer = Extract<RolloutEvent, { type: 'done' | 'failed' | 'proved' | 'restoredOne' }>;

export function onRestoreAnswer(plan: Plan, state: RolloutState, event: Answer): Next {
  switch (event.type) {
    case 'restoredOne':
      return restoredOne(state, event.cluster, event.atMs);
    case 'done':
      return issue(
        enterPhase(
          { ...state, outstanding: [], moments: { ...state.moments, written: event.atMs } },
          'proving-restore',
          event.atMs,
          'the proven weights are written everywhere; proving them by the traffic',
        ),
        (seq) => ({ type: 'proveRestore', seq }),
      );
    case 'proved':
      return onProved(
        plan,
        {
          ...state,
          proof: event.proof,
          moments: { ...state.moments, proven: event.proof.result === 'verified' ? event.proof.verifiedAtMs : null },
        },
        event.atMs,
      );
    case 'failed':
      return close(state, event.atMs, 'unproven', `restore needs a person: ${event.reason}`, []);
  }
}

function restoredOne(state: RolloutState, cluster: string, atMs: number): Next {
  const outstanding = state.outstanding.filter((name) => name !== cluster);
  return { state: logged({ ...state, outstanding }, atMs, `${cluster}: proven weights written`), commands: [] };
}

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
    return close(state, atMs, 'unproven', `restored in every record, but ${where}`, []);
  }
  const kept = keptServing(plan, state);
  if (kept.length > 0) {
    const moved = enterPhase(state, 'committing', atMs, `${plan.version} stays in ${kept.join(', ')}`);
    return issue(moved, (seq) => ({ type: 'commit', seq, serving: kept }));
  }
  return close(state, atMs, 'restored', `${state.leftBecause}; ${shownBy(proof)}`, [
    { type: 'retire', what: 'failed' },
  ]);
}

/** What is known of the way back, and no more. */
function shownBy(proof: RolloutState['proof']): string {
  if (proof?.result === 'verified') return 'traffic is verified back';
  const why = proof?.proofs.find((one) => one.result === 'untested')?.reason ?? 'nothing was counted';
  return `the proven weights are written, untested by traffic: ${why}`;
}

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

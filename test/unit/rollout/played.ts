/** Plays the state machine by hand: a test feeds it events, and answers the commands that it has issued. */
import type { WatchSloResult } from '../../../core/judge/look/watch.ts';
import type { VerifyRoutingResult } from '../../../core/judge/proof/proof.ts';
import { next } from '../../../core/rollout/machine/next.ts';
import {
  initialState,
  type Command,
  type RolloutEvent,
  type RolloutState,
} from '../../../core/rollout/machine/state.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';

export const proof = (result: VerifyRoutingResult['result']): VerifyRoutingResult => ({
  result,
  proofs: [{ cluster: 'aws-us-east-1', instance: 'node-1', result, reason: 'test', requests: 100 }],
  verifiedAtMs: 5,
});

export const watched = (verdict: WatchSloResult['verdict'], breached: string[] = []): WatchSloResult => ({
  verdict,
  breached,
  reason: `${verdict} by test`,
  readings: [],
  firstBadAtMs: verdict === 'breach' ? 1 : null,
  decidedAtMs: 2,
});

/** What the cluster-facing half would see: the largest share asked for and whether the proven weights were asked back. */
export interface World {
  state: RolloutState;
  readonly open: Command[];
  readonly issued: Command[];
  at: number;
}

export function world(plan: Plan): World {
  const made: World = { state: initialState, open: [], issued: [], at: 0 };
  feed(plan, made, { type: 'started', atMs: 0 });
  return made;
}

export function feed(plan: Plan, w: World, event: RolloutEvent): void {
  const { state, commands } = next(plan, w.state, event);
  w.state = state;
  for (const command of commands) {
    if (command.type === 'watch' || command.type === 'stopWatch') drop(w, 'watch');
    if (command.type !== 'stopWatch' && command.type !== 'retire' && command.type !== 'takeBack') w.open.push(command);
    w.issued.push(command);
  }
}

export function drop(w: World, type: Command['type']): void {
  const i = w.open.findIndex((command) => command.type === type);
  if (i >= 0) w.open.splice(i, 1);
}

/** Answers the oldest open command well; a guard watch stays open. */
export function answer(
  plan: Plan,
  w: World,
  overrides: { proof?: VerifyRoutingResult; watch?: WatchSloResult } = {},
): boolean {
  const i = w.open.findIndex((command) => !(command.type === 'watch' && command.mode === 'hold'));
  const command = w.open[i];
  if (command === undefined || !('seq' in command)) return false;
  w.open.splice(i, 1);
  const atMs = (w.at += 10);
  const { seq } = command;
  if (command.type === 'watch')
    feed(plan, w, { type: 'watched', seq, atMs, result: overrides.watch ?? watched('healthy') });
  else if (command.type === 'verify' || command.type === 'enter' || command.type === 'proveRestore') {
    feed(plan, w, { type: 'proved', seq, atMs, proof: overrides.proof ?? proof('verified') });
  } else feed(plan, w, { type: 'done', seq, atMs });
  return true;
}

export function runToEnd(plan: Plan, w: World): void {
  for (let i = 0; i < 200 && w.state.phase !== 'ended'; i++) if (!answer(plan, w)) break;
}

export const types = (w: World): string[] => w.issued.map((command) => command.type);

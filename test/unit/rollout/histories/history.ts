/** One history of the reducer: commands become writes that land, fail or come late; every answer is checked. */
import type { WatchSloResult } from '../../../../core/judge/look/watch.ts';
import type { VerifyRoutingResult } from '../../../../core/judge/proof/proof.ts';
import { next } from '../../../../core/rollout/machine/next.ts';
import { refuseMessage, type MessageType } from '../../../../core/rollout/machine/refuse.ts';
import {
  initialState,
  type Command,
  type RolloutEvent,
  type RolloutState,
} from '../../../../core/rollout/machine/state.ts';
import type { Plan } from '../../../../core/rollout/plan/plan.ts';
import { carries, clientsOf, isBack, land, type Clients, type Fence, type Write } from './clusters.ts';
import { windows } from './closed.ts';
import { checkStep, type Watching } from './invariants.ts';

type Issued = Exclude<Command, { type: 'watch' | 'stopWatch' | 'retire' | 'giveUp' | 'takeBack' }>;
export type Answer = 'good' | 'contradicted' | 'untested';

export interface Open {
  readonly command: Issued;
  readonly writes: Write[];
}

export interface History {
  readonly plan: Plan;
  readonly fence: Fence;
  readonly clients: Clients;
  state: RolloutState;
  epoch: number;
  atMs: number;
  open: Open | null;
  /** Writes of attempts that timed out: they land when they like. */
  readonly late: Write[];
  /** Answers of superseded commands that are still to come, and answers that were given once. */
  readonly answers: RolloutEvent[];
  /** seq of watches that were replaced: they may still have seen a breach. */
  readonly replaced: number[];
  readonly seen: Watching;
}

export function begin(plan: Plan, fence: Fence = 'turn'): History {
  const seen: Watching = { breached: false, back: false, kept: [], failed: '' };
  const rest = { epoch: 2, atMs: 0, open: null, late: [], answers: [], replaced: [], seen };
  const h: History = { plan, fence, clients: clientsOf(plan), state: initialState, ...rest };
  feed(h, { type: 'started', atMs: 0 });
  return h;
}

/** Gives the reducer one event, checks what it makes of it, and opens the commands. */
export function feed(h: History, event: RolloutEvent): void {
  const before = h.state;
  const after = next(h.plan, before, event);
  checkStep(h, event, after);
  h.state = Object.freeze(after.state);
  for (const command of after.commands) openCommand(h, command, before);
}

function openCommand(h: History, command: Command, before: RolloutState): void {
  if (command.type === 'watch' || command.type === 'stopWatch') {
    if (before.watching > 0) h.replaced.push(before.watching);
    return;
  }
  if (command.type === 'retire' || command.type === 'giveUp' || command.type === 'takeBack') return;
  if (h.open !== null) supersede(h, h.open);
  if (command.type === 'restore') h.epoch += 1;
  h.open = { command, writes: writesOf(h, command) };
}

/** Cancelled work may have been under way: what it has not written yet comes late, and so does its answer. */
function supersede(h: History, { command, writes }: Open): void {
  h.late.push(...writes);
  h.answers.push({ type: 'wrote', seq: command.seq, atMs: h.atMs }, goodEvent(h, command), {
    type: 'failed',
    seq: command.seq,
    ...failure,
    atMs: h.atMs,
  });
}

export const failure = { reason: 'by test', code: 'Unavailable' } as const;

function writesOf({ plan, epoch }: History, command: Issued): Write[] {
  const to = (kind: Write['kind'], clients: readonly string[], serving: readonly string[], share = 0): Write[] =>
    clients.map((client) => ({ kind, client, epoch, turn: command.seq, serving, share }));
  switch (command.type) {
    case 'enter':
    case 'apply': {
      if (command.type === 'enter' && command.held === true) return [];
      const wave = waveOf(plan, command.wave);
      const share = command.type === 'enter' ? 0 : (wave.steps[command.step]?.share ?? 0);
      return to('forward', wave.clients, wave.serving, share);
    }
    case 'confirm':
      return plan.waves.flatMap(({ clients, serving, steps }) =>
        to('forward', clients, serving, steps.at(-1)?.share ?? 0),
      );
    case 'commit': {
      const all = plan.waves.flatMap((wave) => [...wave.clients, ...wave.serving]);
      return command.serving.length === 0 ? [] : to('commit', [...new Set(all)], command.serving);
    }
    case 'restore':
      return to('restore', command.clients, command.serving);
    case 'release':
      return to('release', waveOf(plan, 0).clients, []);
    case 'prepare':
    case 'before':
    case 'pin':
    case 'verify':
    case 'proveRestore':
    case 'readWindows':
    case 'askGate':
      return [];
  }
}

function waveOf(plan: Plan, index: number): Plan['waves'][number] {
  const wave = plan.waves[index];
  if (wave === undefined) throw new RangeError(`no wave ${String(index)}`);
  return wave;
}

/** Carries the open command out and reports it, as a worker without trouble does. */
export function answer(h: History, how: Answer = 'good'): void {
  const { open } = h;
  if (open === null) return answerPerson(h);
  h.open = null;
  const fenced = open.writes.filter((write) => land(h.clients, write, h.fence) === 'fenced');
  const { command } = open;
  h.atMs += 10;
  if (command.type === 'readWindows') h.atMs = Math.max(h.atMs, command.afterMs);
  if (command.type === 'apply') feed(h, { type: 'wrote', seq: command.seq, atMs: h.atMs });
  if (fenced.length > 0)
    return feed(h, { type: 'failed', seq: command.seq, ...failure, code: 'FencedOut', atMs: h.atMs });
  if (command.type === 'restore') {
    for (const cluster of command.clients) feed(h, { type: 'restoredOne', seq: command.seq, cluster, atMs: h.atMs });
  }
  const event = goodEvent(h, command, how);
  h.answers.push(event);
  feed(h, event);
}

/** Nothing is open: the history waits for a bake, which is healthy, or for a person, who says go. */
function answerPerson(h: History): void {
  const { phase, watching } = h.state;
  h.atMs += 10;
  if (phase === 'baking') return feed(h, { type: 'watched', seq: watching, result: watched('healthy'), atMs: h.atMs });
  const message = { gated: 'approve', paused: 'resume', 'needs-person': 'promote' } as const;
  const type = message[phase as keyof typeof message];
  if (type === undefined) throw new Error(`nothing to answer in ${phase}`);
  say(h, type);
}

function goodEvent(h: History, command: Issued, how: Answer = 'good'): RolloutEvent {
  const { atMs } = h;
  switch (command.type) {
    case 'enter':
    case 'verify':
    case 'proveRestore':
      return { type: 'proved', seq: command.seq, proof: proofs[resultOf(h, command, how)], atMs };
    case 'readWindows':
      return { type: 'windowsRead', seq: command.seq, read: windows, atMs };
    case 'askGate':
      return { type: 'gateSaid', seq: command.seq, go: how === 'good', reason: 'by test', atMs };
    default:
      return { type: 'done', seq: command.seq, atMs };
  }
}

/** Envoys say what the records say: a proof is never good where the model's weights are not. */
function resultOf(h: History, command: Issued, how: Answer): VerifyRoutingResult['result'] {
  if (how === 'contradicted') return how;
  const good = how === 'untested' ? how : 'verified';
  if (command.type === 'verify') {
    const { clients, serving, steps } = waveOf(h.plan, command.wave);
    return carries(h.clients, { clients, serving, share: steps[command.step]?.share ?? 0 }) ? good : 'contradicted';
  }
  if (command.type !== 'proveRestore') return good;
  return isBack(h.clients, h.state.takenBack) ? good : 'contradicted';
}

const proofOf = (result: VerifyRoutingResult['result']): VerifyRoutingResult => ({
  result,
  proofs: [{ cluster: 'a', instance: 'node-1', result, reason: 'by test', requests: 100 }],
  verifiedAtMs: 5,
});

const proofs = {
  verified: proofOf('verified'),
  contradicted: proofOf('contradicted'),
  untested: proofOf('untested'),
};

export const watched = (verdict: WatchSloResult['verdict'], breached: readonly string[] = []): WatchSloResult => ({
  verdict,
  breached,
  reason: `${verdict} by test`,
  readings: [],
  firstBadAtMs: verdict === 'breach' ? 1 : null,
  decidedAtMs: 2,
});

/** A message of a person goes through the validator, as the workflow's do. */
export function say(h: History, type: Exclude<MessageType, 'giveUp'>, full = false): void {
  const { atMs } = h;
  const event: RolloutEvent = type === 'promote' ? { type, reason: 'x', full, atMs } : { type, reason: 'x', atMs };
  const refused = refuseMessage(type, h.state);
  if (refused === '') return feed(h, event);
  if (type !== 'abort') return;
  const { state, commands } = next(h.plan, h.state, event);
  if (state !== h.state || commands.length > 0) {
    throw new Error(`the validator refuses an abort in ${h.state.phase} that the reducer would act on: ${refused}`);
  }
}

/** Everything goes well from now on, until the end. */
export function finish(h: History): void {
  for (let i = 0; h.state.phase !== 'ended'; i++) {
    if (i > 300) throw new Error(`it gets every answer and does not end: ${h.state.phase}`);
    answer(h);
  }
  for (const write of h.late.splice(0)) land(h.clients, write, h.fence);
  // Whatever comes now comes too late.
  for (const type of ['pause', 'resume', 'approve', 'abort', 'alert', 'cancel'] as const) {
    feed(h, { type, reason: 'x', atMs: h.atMs });
  }
  feed(h, { type: 'promote', reason: 'x', full: true, atMs: h.atMs });
}

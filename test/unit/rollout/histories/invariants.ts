/** What holds at every transition, and at every end. */
import { isForward } from '../../../../core/rollout/machine/next.ts';
import { refuseMessage } from '../../../../core/rollout/machine/refuse.ts';
import type { Next, Phase, RolloutEvent, RolloutState } from '../../../../core/rollout/machine/state.ts';
import type { Plan } from '../../../../core/rollout/plan/plan.ts';
import { closedAt } from '../../../../core/rollout/windows.ts';
import { isBack, isProven, type Clients } from './clusters.ts';
import type { History } from './history.ts';

/** What the checks keep of the past. */
export interface Watching {
  /** A breach was told before the commit. */
  breached: boolean;
  back: boolean;
  /** Serving clusters that had their whole share, with evidence or a person's word, when the way back began. */
  kept: readonly string[];
  /** Type of the command whose failure ended the history. */
  failed: string;
}

const LOG_LINES = 200;

const forwardCommands = ['prepare', 'enter', 'apply', 'verify', 'release', 'readWindows', 'askGate'];
const waiting: readonly Phase[] = ['gated', 'paused', 'needs-person'];
const isAnswer = ({ type }: RolloutEvent): boolean =>
  ['done', 'failed', 'proved', 'windowsRead', 'windowsUnread', 'gateSaid'].includes(type);

function fail(why: string, event: RolloutEvent, state: RolloutState): never {
  throw new Error(`${why} (${event.type} in ${state.phase}, wave ${String(state.wave)}, step ${String(state.step)})`);
}

export function checkStep(h: History, event: RolloutEvent, { state, commands }: Next): void {
  const before = h.state;
  const nothing = state === before && commands.length === 0;
  if (before.phase === 'ended' && !nothing) fail('something happens after the end', event, before);
  if (state.log.length > LOG_LINES) fail('the log grows without bound', event, before);
  checkAnswer(event, before, { state, nothing });
  checkWaiting(event, state);
  checkMessage(event, before, nothing);
  checkGoing(event, before, state);
  const restores = commands.some(({ type }) => type === 'restore');
  if (h.seen.back && commands.some(({ type }) => forwardCommands.includes(type))) {
    fail('a forward command after the way back began', event, before);
  }
  if (event.type === 'watched' && event.result.verdict === 'breach' && (isForward(before.phase) || restores)) {
    h.seen.breached = true;
  }
  if (event.type === 'failed' && event.seq === before.awaiting) h.seen.failed = before.phase;
  if (restores && !h.seen.back) h.seen.kept = baked(h.plan, before);
  h.seen.back ||= restores;
}

/** An answer to what is awaited is taken once; one to anything else is ignored. */
function checkAnswer(
  event: RolloutEvent,
  before: RolloutState,
  after: { state: RolloutState; nothing: boolean },
): void {
  if (!('seq' in event)) return;
  const { seq } = event;
  const breach = event.type === 'watched' && event.result.verdict === 'breach';
  const mine = seq === before.awaiting || seq === before.watching;
  if (!mine && !breach && !after.nothing) fail('an answer to a superseded command has an effect', event, before);
  if (isAnswer(event) && seq === before.awaiting && after.state.awaiting === seq) {
    fail('the awaited answer leaves the command open', event, before);
  }
}

/** Every phase waits for exactly what can come. */
function checkWaiting(event: RolloutEvent, state: RolloutState): void {
  const { phase, awaiting, watching, outcome } = state;
  if (phase === 'ended') {
    if (outcome === null || awaiting > 0 || watching > 0)
      fail('an end without an outcome, or with open work', event, state);
  } else if (phase === 'baking') {
    if (watching === 0) fail('a bake without a watch never ends', event, state);
  } else if (waiting.includes(phase)) {
    // An entry that waits for its proof asks a person, too.
    const isEntry = phase === 'needs-person' && state.step < 0 && state.waits === null;
    if (awaiting > 0 !== isEntry)
      fail('a person is asked while a command is open, or nothing is waited for', event, state);
  } else if (awaiting === 0) fail('a phase waits for nothing', event, state);
}

/** What lets a waiting phase go on: evidence, or the word of a person. */
const goesOnBy: Partial<Record<Phase, readonly RolloutEvent['type'][]>> = {
  baking: ['watched', 'promote'],
  gated: ['approve', 'promote'],
  paused: ['resume', 'promote'],
  'needs-person': ['promote', 'proved', 'resume'],
  asking: ['windowsRead', 'gateSaid', 'promote'],
  frozen: ['windowsRead', 'promote'],
};

function checkGoing(event: RolloutEvent, before: RolloutState, { phase }: RolloutState): void {
  const allowed = goesOnBy[before.phase];
  const goes =
    before.phase !== phase && ['preparing', 'applying', 'pinning', 'confirming', 'committing'].includes(phase);
  const closed = event.type === 'windowsRead' && closedAt(event.read, event.atMs) !== null;
  if (goes && closed) fail('it goes forward into a closed window', event, before);
  if (allowed === undefined || !goes) return;
  const unknown =
    (event.type === 'watched' && event.result.verdict !== 'healthy') ||
    (event.type === 'proved' && event.proof.result !== 'verified');
  if (unknown || !allowed.includes(event.type)) fail('it goes on without evidence or a word', event, before);
}

/** What the validator accepts has an effect or is logged; so what the reducer ignores is refused. */
function checkMessage(event: RolloutEvent, before: RolloutState, nothing: boolean): void {
  switch (event.type) {
    case 'abort':
    case 'approve':
    case 'pause':
    case 'resume':
    case 'promote':
      if (nothing && refuseMessage(event.type, before) === '') fail('accepted and ignored', event, before);
      return;
    default:
  }
}

/** Waves that are behind, and the present one where it waits after its last bake with evidence or a person's word. */
function baked(plan: Plan, { wave, step, phase, waits }: RolloutState): string[] {
  const last = (plan.waves[wave]?.steps.length ?? 0) - 1;
  const waiting = ['gated', 'paused', 'confirming'].includes(phase) || waits !== null;
  const behind = waiting && step === last ? wave + 1 : wave;
  return plan.waves.slice(0, behind).flatMap(({ serving }) => serving);
}

/** What the outcome says is what the clusters carry, once every late write has come. */
export function checkEnd({ plan, state, clients, seen }: History): void {
  const { outcome, takenBack } = state;
  const wrong = (why: string): never => {
    throw new Error(`${String(outcome)}, but ${why}`);
  };
  if (seen.breached && outcome === 'promoted') wrong('a breach was told before the commit');
  switch (outcome) {
    case 'promoted':
      if (
        !isProven(
          clients,
          plan,
          plan.waves.flatMap(({ serving }) => serving),
        )
      )
        wrong('not every cluster is whole');
      if (seen.back) wrong('a way back had begun');
      return;
    case 'restored':
      if (!isBack(clients)) wrong('a cluster that was written is not back');
      return;
    case 'partial':
      return checkPartial({ plan, clients, takenBack, kept: seen.kept }, wrong);
    case 'released':
      if ([...clients.values()].some(({ released }) => !released)) wrong('a cluster is not given back');
      return;
    case 'unproven':
      return checkUnproven(state, clients, { failed: seen.failed, wrong });
    case null:
      wrong('it has not ended');
  }
}

interface PartialEnd {
  readonly plan: Plan;
  readonly clients: Clients;
  readonly takenBack: readonly string[];
  readonly kept: readonly string[];
}

function checkPartial({ plan, clients, takenBack, kept }: PartialEnd, wrong: (why: string) => never): void {
  const stays = plan.waves.flatMap(({ serving }) => serving).filter((name) => !takenBack.includes(name));
  const moved = stays.filter((name) => [...clients.values()].some(({ current }) => (current.get(name) ?? 0) > 0));
  if (!isBack(clients, takenBack)) wrong('a cluster that was taken back is not back');
  if (!isProven(clients, plan, moved)) wrong('a cluster that keeps the version is not whole');
  if (moved.length === 0) wrong('no cluster keeps the version');
  const unbaked = moved.filter((name) => !kept.includes(name));
  if (unbaked.length > 0) wrong(`${unbaked.join(', ')} keeps the version without evidence or a person's word`);
}

/** A person is asked for a reason: an answer failed, or an Envoy contradicts weights that are back. */
function checkUnproven(
  state: RolloutState,
  clients: Clients,
  { failed, wrong }: { failed: string; wrong: (why: string) => never },
): void {
  if (['committing', 'releasing', 'restoring', 'proving-restore'].includes(failed)) return;
  if (state.proof?.result !== 'contradicted') wrong('nothing failed, and no Envoy contradicts');
  if (!isBack(clients)) wrong('the weights are not back');
}

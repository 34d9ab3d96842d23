/** What can happen between two answers. Each is named, so that a counter-example reads as a sentence. */
import * as fc from 'fast-check';
import type { RolloutEvent } from '../../../../core/rollout/machine/state.ts';
import { land } from './clusters.ts';
import { answer, failure, feed, say, watched, type History } from './history.ts';
import { isForward } from '../../../../core/rollout/machine/phases.ts';
import { clusters } from './plans.ts';

type Act = (h: History, arg: number) => void;

/** The open command fails. `landed` of its writes were made, the others come late, or never. */
function failOpen(h: History, { landed, late }: { landed: number; late: boolean }): void {
  const { open } = h;
  if (open === null) return;
  h.open = null;
  open.writes.slice(0, landed).forEach((write) => land(h.clients, write, h.fence));
  if (late) h.late.push(...open.writes.slice(landed));
  feed(h, { type: 'failed', seq: open.command.seq, ...failure, atMs: h.atMs });
}

const pick = <T>(some: readonly T[], arg: number): T | undefined => some[arg % Math.max(1, some.length)];

function landLate(h: History, arg: number): void {
  const write = pick(h.late, arg);
  if (write === undefined) return;
  h.late.splice(h.late.indexOf(write), 1);
  land(h.clients, write, h.fence);
}

const breach = (h: History, seq: number | undefined, arg: number): void => {
  if (seq === undefined || seq === 0) return;
  const named = clusters.filter((_, i) => ((arg >> i) & 1) === 1);
  feed(h, { type: 'watched', seq, result: watched('breach', named), atMs: h.atMs });
};

type Leave = Extract<RolloutEvent, { type: 'gateSaid' | 'windowsRead' | 'windowsUnread' }>;

/** The open question is answered so; nothing where another command is open. */
function answerAs(
  h: History,
  question: 'askGate' | 'readWindows',
  said: Leave extends infer E ? (E extends Leave ? Omit<E, 'seq' | 'atMs'> : never) : never,
): void {
  if (h.open?.command.type !== question) return;
  const { seq } = h.open.command;
  h.open = null;
  feed(h, { ...said, seq, atMs: h.atMs });
}

const closedFrom = (atMs: number) => ({
  closed: [{ fromMs: atMs, untilMs: atMs + 500, why: 'deny window of the test' }],
  untilMs: atMs + 1_000_000,
});

const tell = (h: History, event: RolloutEvent | undefined): void => {
  if (event !== undefined) feed(h, event);
};

export const disturbances = {
  nothing: () => undefined,
  'fails, nothing written': (h) => failOpen(h, { landed: 0, late: false }),
  'fails in one cluster': (h) => failOpen(h, { landed: 1, late: false }),
  'times out, and is written late': (h) => failOpen(h, { landed: 0, late: true }),
  'times out in part, and the rest is written late': (h) => failOpen(h, { landed: 1, late: true }),
  'is done by a second attempt, and the first comes late': (h) => {
    h.late.push(...(h.open?.writes ?? []));
    answer(h);
  },
  'a late write lands': landLate,
  'a superseded command answers': (h, arg) => tell(h, pick(h.answers, arg)),
  cancel: (h) => feed(h, { type: 'cancel', reason: 'x', atMs: h.atMs }),
  alert: (h) => feed(h, { type: 'alert', reason: 'x', atMs: h.atMs }),
  abort: (h) => say(h, 'abort'),
  pause: (h) => say(h, 'pause'),
  resume: (h) => say(h, 'resume'),
  approve: (h) => say(h, 'approve'),
  promote: (h) => say(h, 'promote'),
  'promote --full': (h) => say(h, 'promote', true),
  breach: (h, arg) => breach(h, h.state.watching, arg),
  'a replaced watch has seen a breach': (h, arg) => breach(h, pick(h.replaced, arg), arg),
  'no verdict': (h) => {
    const { watching, phase } = h.state;
    if (watching > 0 && phase === 'baking')
      feed(h, { type: 'watched', seq: watching, result: watched('unknown'), atMs: h.atMs });
  },
  'a replaced watch fails': (h, arg) => {
    const seq = pick(h.replaced, arg);
    if (seq !== undefined && seq !== h.state.watching) feed(h, { type: 'failed', seq, ...failure, atMs: h.atMs });
  },
  'the watch fails': (h) => {
    const { watching } = h.state;
    if (watching > 0) feed(h, { type: 'failed', seq: watching, ...failure, atMs: h.atMs });
  },
  'an Envoy contradicts': (h) => answer(h, 'contradicted'),
  'no traffic': (h) => answer(h, 'untested'),
  'the gate refuses': (h) => answerAs(h, 'askGate', { type: 'gateSaid', go: false, reason: 'by test' }),
  'a window is closed now': (h) => answerAs(h, 'readWindows', { type: 'windowsRead', read: closedFrom(h.atMs) }),
  'the windows cannot be read': (h) => answerAs(h, 'readWindows', { type: 'windowsUnread', reason: 'by test' }),
  'promote --break-glass': (h) =>
    h.state.phase === 'ended' || !isForward(h.state.phase)
      ? undefined
      : feed(h, { type: 'promote', reason: 'x', full: false, breakGlass: true, atMs: h.atMs }),
} satisfies Record<string, Act>;

export type Disturbance = keyof typeof disturbances;

/** After so many good answers, this happens. */
export type Moment = readonly [after: number, what: Disturbance, arg: number];

const all = Object.keys(disturbances) as Disturbance[];
/** A breach by cluster has the most ways to go on. */
const names: readonly Disturbance[] = [...all, 'breach', 'breach', 'no verdict'];

export const someMoments: fc.Arbitrary<readonly Moment[]> = fc.array(
  fc.tuple(fc.nat(14), fc.constantFrom(...names), fc.nat(7)),
  { maxLength: 6 },
);

export function happen(h: History, moments: readonly Moment[]): void {
  for (const [after, what, arg] of moments) {
    for (let i = 0; i < after && h.state.phase !== 'ended'; i++) answer(h);
    if (h.state.phase === 'ended') {
      if (what === 'an Envoy contradicts' || what === 'no traffic' || what.startsWith('is done')) continue;
    }
    const act: Act = disturbances[what];
    act(h, arg);
  }
}

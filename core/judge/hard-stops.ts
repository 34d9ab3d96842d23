/**
 * Faults that no error ratio shows. Without a route timeout a request to a pod that hangs never ends, so no 5xx ever
 * appears; pods that crash report nothing themselves. Hard stops are live in warm-up, too.
 */
import { sumCells, type Arm, type Cell } from './arms/arms.ts';
import type { SloReading } from './slo-reading.ts';
import { percent, seconds } from './wording.ts';

/** What the client's Envoys know about one subset. */
export interface SubsetTraffic {
  /** Requests sent on a connection: upstream_rq_total. */
  readonly sent: Arm;
  /** Requests that got an answer, Envoy's own included: upstream_rq_xx. */
  readonly answered: Arm;
  readonly connectFailures: Arm;
  /** Time that requests spent under way: `total` is in request-milliseconds. */
  readonly busy: readonly Cell[];
}

export interface HardStopInput {
  readonly cluster: string;
  readonly newVersion: string;
  readonly oldVersion: string;
  readonly newSubset: SubsetTraffic;
  readonly oldSubset: SubsetTraffic;
  /** Requests that the new version's own pods report as done. */
  readonly serverDone: Arm;
  /** Newest server sample of either version there, ms; null: the server source is silent and proves nothing. */
  readonly serverNewestMs: number | null;
  readonly sinceMs: number;
  readonly windowMs: number;
  /** Time between two scrapes, ms. */
  readonly intervalMs: number;
}

/** Requests (or connection attempts) below which nothing is a hard stop. */
const MIN_EVENTS = 10;
/** A request counts as unanswered after that many mean response times of the old version. */
const PATIENCE = 4;
/** … and never before this, ms. */
const SHORTEST_PATIENCE_MS = 2_000;
/** Share of unanswered requests that stops: one hung pod of five. Clients that give up stay far below. */
const UNANSWERED_SHARE = 0.2;

export const hardStops = (input: HardStopInput): readonly SloReading[] => {
  const found = [unansweredStop(input), connectStop(input)];
  return found.filter((reading) => reading !== undefined);
};

const unansweredStop = (input: HardStopInput): SloReading | undefined => {
  const { newSubset, oldSubset, serverNewestMs } = input;
  const latency = meanLatencyMs(oldSubset);
  const waitMs = Math.max(2 * input.intervalMs, SHORTEST_PATIENCE_MS, PATIENCE * (latency ?? 0));
  const mine = unansweredOf(newSubset, fromMs(input), waitMs);
  if (mine.unanswered < MIN_EVENTS) return undefined;
  const where = `${input.newVersion} in ${input.cluster}`;
  const done = sumCells(input.serverDone.cells, fromMs(input)).total;
  const bothFresh = serverNewestMs !== null && serverNewestMs >= mine.sentUntilMs + 2 * input.intervalMs;
  const share = mine.unanswered / mine.sent;
  // Idle streams of gRPC have no answer before their first message: a version that leaves as many as the old one hangs not.
  const isAlike = silentShare(oldSubset, fromMs(input), waitMs) > share / 2;
  if (isAlike) return undefined;
  if (mine.answered === 0 && done === 0 && bothFresh) {
    return stop(input, {
      slo: 'answers',
      reason: `${where} accepts connections but answers nothing: ${mine.sent} requests sent, 0 answered after at least ${seconds(waitMs)}`,
      bad: mine.unanswered,
      total: mine.sent,
    });
  }
  // Without the old version's response time, slow and hung look alike.
  if (latency === undefined || share < UNANSWERED_SHARE) return undefined;
  return stop(input, {
    slo: 'answers',
    reason:
      `${where} leaves requests without an answer: ${mine.unanswered} of ${mine.sent} (${percent(share)}) after at least ${seconds(waitMs)}; ` +
      `${input.oldVersion} answers in ${seconds(latency)}`,
    bad: mine.unanswered,
    total: mine.sent,
  });
};

const connectStop = (input: HardStopInput): SloReading | undefined => {
  const failures = sumCells(input.newSubset.connectFailures.cells, fromMs(input)).total;
  const sent = sumCells(input.newSubset.sent.cells, fromMs(input)).total;
  if (failures < MIN_EVENTS || failures < sent) return undefined;
  return stop(input, {
    slo: 'connects',
    reason: `${input.newVersion} in ${input.cluster} does not accept connections: ${failures} attempts failed, ${sent} requests got one`,
    bad: failures,
    total: failures + sent,
  });
};

const fromMs = ({ newSubset, sinceMs, windowMs }: HardStopInput): number =>
  Math.max(sinceMs, (newSubset.sent.newestMs ?? 0) - windowMs);

/**
 * At least that many requests that were sent waitMs ago or earlier have no answer now: every answer since is taken
 * for one of theirs, so the number errs on the low side.
 */
const unansweredOf = ({ sent, answered }: SubsetTraffic, afterMs: number, waitMs: number) => {
  const sentUntilMs = (sent.newestMs ?? 0) - waitMs;
  const old = sumCells(sent.cells, afterMs, sentUntilMs).total;
  const done = sumCells(answered.cells, afterMs).total;
  return { sent: old, answered: done, unanswered: Math.max(0, old - done), sentUntilMs };
};

/**
 * What the old version leaves without an answer, 0..1: in the window, or where it got nothing there (a whole share), as
 * far back as is known. Of one that got nothing at all nothing is known, and what hangs beside it is stopped.
 */
const silentShare = (old: SubsetTraffic, afterMs: number, waitMs: number): number => {
  const inWindow = unansweredOf(old, afterMs, waitMs);
  const seen = inWindow.sent > 0 ? inWindow : unansweredOf(old, Number.NEGATIVE_INFINITY, waitMs);
  if (seen.sent > 0) return seen.unanswered / seen.sent;
  const areOpen = sumCells(old.busy, Number.NEGATIVE_INFINITY).total > 0;
  return areOpen && seen.answered === 0 ? 1 : 0;
};

/**
 * Little's law: time under way = answers x mean time. Over all that is known, from before the share was written too: a
 * version that lost all its traffic in one write drains, and what is left under way then says ever less of its answers.
 * undefined: too few answers to say.
 */
const meanLatencyMs = ({ answered, busy }: SubsetTraffic): number | undefined => {
  const done = sumCells(answered.cells, Number.NEGATIVE_INFINITY).total;
  return done < MIN_EVENTS ? undefined : sumCells(busy, Number.NEGATIVE_INFINITY).total / done;
};

interface Stop {
  readonly slo: string;
  readonly reason: string;
  readonly bad: number;
  readonly total: number;
}

const stop = ({ cluster }: HardStopInput, { slo, reason, bad, total }: Stop): SloReading => ({
  slo,
  source: 'envoy',
  cluster,
  verdict: 'breach',
  reason,
  newTotal: total,
  newBad: bad,
  oldTotal: 0,
  oldBad: 0,
});

/**
 * Callers still come, and nothing answers them any more. An adoption puts an HTTP listener before a port that may carry
 * something else (TLS, or a protocol whose server speaks first): no request reaches a version, so no version fails, no
 * SLO has a bad request, and every verdict would stay unknown. Two sources must say it at the same time:
 *
 *   the pods          answer far less than they did in the quietest time before the share was written
 *   the listeners     take connections or requests, of which less than half get as far as a version
 *
 * Traffic that ends by itself takes its callers along, a pod that is not scraped takes no caller from the listener, and
 * probes that only connect take no answers away: each of them alone is no collapse.
 */
import { sumCells, type Arm, type Cell } from './arms/arms.ts';
import { callersOf, notHttpText, type Callers, type ListenerTraffic } from './listener.ts';
import type { SloReading } from './slo-reading.ts';
import { poissonLowerTail } from './statistics/poisson.ts';
import { chance, seconds } from './wording.ts';

export interface CollapseInput {
  readonly serving: string;
  readonly service: string;
  /** When the share was written, ms on the source's clock. */
  readonly sinceMs: number;
  /** Answers of the service's pods there, of every version, since a while before that. */
  readonly answered: Arm;
  /** Time between two samples of the slowest source, ms. */
  readonly intervalMs: number;
  /** Of the client clusters that call it. */
  readonly listeners: readonly ListenerTraffic[];
}

/** Times that are looked at, ms: the shorter one finds the loss of much traffic soon, the longer one that of little. */
const STRETCHES_MS = [20_000, 60_000] as const;
/** A shorter time has too few samples to tell a fall from the moment of a scrape. */
const LEAST_INTERVALS = 2;
/** So little is left of the quietest time before. */
const LEFT = 0.2;
/** Traffic may be that part of the quietest time before by itself … */
const BY_ITSELF = 0.5;
/** … and so few answers of it have this chance, per look. */
const ALPHA = 1e-6;
/** Connections or requests below which nobody is known to call. */
const MIN_CALLS = 10;
/** Calls of which less than this part gets as far as a version. */
const REACHED = 0.5;
/** Processes that gave this part of the answers before must still be heard, or nobody knows what is missing. */
const HEARD = 0.5;
/** A process is heard while its last sample is at most that many intervals older than the newest. */
const FRESH_INTERVALS = 1.5;

/** Do callers come to these listeners without getting through? Before anything is read of the pods. */
export const isSuspect = (listeners: readonly ListenerTraffic[], sinceMs: number): boolean => {
  const untilMs = listenersUntil(listeners);
  const callers = callersIn(listeners, Math.max(sinceMs, untilMs - STRETCHES_MS[0]), untilMs);
  return callers !== null && areLost(callers);
};

/** undefined: no collapse, or not known. */
export const collapseReading = (input: CollapseInput): SloReading | undefined => {
  const { answered, listeners, intervalMs, sinceMs } = input;
  if (answered.problem !== '' || intervalMs === 0) return undefined;
  const heard = heardIn(answered, input);
  if (heard === undefined) return undefined;
  const untilMs = Math.min(heard.untilMs, listenersUntil(listeners));
  for (const stretchMs of STRETCHES_MS.map((ms) => Math.max(ms, LEAST_INTERVALS * intervalMs))) {
    const fromMs = untilMs - stretchMs;
    // The interval of the write itself has answers of before it.
    if (fromMs < sinceMs + intervalMs) continue;
    const least = quietest(heard.cells, { stretchMs, untilMs: sinceMs });
    const left = sumCells(answered.cells, fromMs, untilMs).total;
    const callers = callersIn(listeners, fromMs, untilMs);
    if (least === undefined || callers === null || !areLost(callers) || left >= LEFT * least) continue;
    const p = poissonLowerTail(left, BY_ITSELF * least);
    if (p <= ALPHA) return collapse(input, { stretchMs, least, left, callers, p });
  }
  return undefined;
};

const areLost = ({ connections, requests, reached }: Callers): boolean => {
  const calls = Math.max(connections, requests);
  return calls >= MIN_CALLS && reached < REACHED * calls;
};

/** Up to when every listener is known, ms; -Infinity: one of them is not. */
const listenersUntil = (listeners: readonly ListenerTraffic[]): number =>
  Math.min(
    ...listeners.flatMap(({ connections, taken, routed }) =>
      [connections, taken, routed].map(({ newestMs }) => newestMs ?? Number.NEGATIVE_INFINITY),
    ),
  );

/** null: not known. */
const callersIn = (listeners: readonly ListenerTraffic[], afterMs: number, untilMs: number): Callers | null => {
  const all = listeners.map((one) => callersOf(one, afterMs, untilMs));
  if (all.length === 0 || all.includes(null)) return null;
  const sum = (of: (one: Callers) => number): number => all.reduce((total, one) => total + (one ? of(one) : 0), 0);
  return {
    connections: sum(({ connections }) => connections),
    requests: sum(({ requests }) => requests),
    reached: sum(({ reached }) => reached),
    notHttp: sum(({ notHttp }) => notHttp),
  };
};

interface Heard {
  /** Of the processes that are still heard. */
  readonly cells: readonly Cell[];
  /** Up to when all of them are known, ms. */
  readonly untilMs: number;
}

/** undefined: too many of those that answered before are not heard now. */
const heardIn = ({ pods }: Arm, { intervalMs, sinceMs }: CollapseInput): Heard | undefined => {
  const ends = pods.map((cells) => cells.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY);
  const newestMs = Math.max(...ends);
  const fresh = pods.filter((_, i) => (ends[i] ?? 0) >= newestMs - FRESH_INTERVALS * intervalMs);
  const before = (some: Arm['pods']): number =>
    some.reduce((total, cells) => total + sumCells(cells, Number.NEGATIVE_INFINITY, sinceMs).total, 0);
  if (before(pods) === 0 || before(fresh) < HEARD * before(pods)) return undefined;
  const cells = fresh.flat().sort((a, b) => a.atMs - b.atMs);
  return { cells, untilMs: Math.min(...fresh.map((one) => one.at(-1)?.atMs ?? newestMs)) };
};

/** Answers in the quietest such time before the write; undefined: less time is known. */
const quietest = (
  cells: readonly Cell[],
  { stretchMs, untilMs }: { readonly stretchMs: number; readonly untilMs: number },
): number | undefined => {
  const before = cells.filter(({ atMs }) => atMs <= untilMs);
  const firstMs = Math.min(...before.map(({ fromMs }) => fromMs));
  const ends = [...new Set(before.map(({ atMs }) => atMs))].filter((atMs) => atMs - stretchMs >= firstMs);
  if (ends.length === 0) return undefined;
  return Math.min(...ends.map((atMs) => sumCells(before, atMs - stretchMs, atMs).total));
};

interface Collapsed {
  readonly stretchMs: number;
  readonly least: number;
  readonly left: number;
  readonly callers: Callers;
  readonly p: number;
}

const collapse = (
  { service, serving, listeners }: CollapseInput,
  { stretchMs, least, left, callers, p }: Collapsed,
): SloReading => {
  const clients = listeners.map(({ client }) => client).join(', ');
  const reason =
    `the pods of ${service} in ${serving} gave ${left} answers in ${seconds(stretchMs)}, and ${least} in the quietest such time before the share was written (chance ${chance(p)} at half of that); ` +
    `callers still come: the listener in ${clients} took ${callers.connections} connections and ${callers.requests} requests, of which ${callers.reached} got as far as a version` +
    (notHttpText(callers) || '. Does the port carry something else than HTTP? See docs/reference/listener.md');
  return {
    slo: 'answers',
    source: 'envoy',
    judge: 'refusals',
    cluster: serving,
    verdict: 'breach',
    reason,
    newTotal: least,
    newBad: least - left,
    oldTotal: least,
    oldBad: 0,
  };
};

/** One request with events, from its bytes to its answer. */
import type { SenderConfig } from '../../core/config/events/types.ts';
import { HttpProblem } from '../../platform/http/problem.ts';
import type { FrontDoorConfig, FrontDoorDeps } from '../deps.ts';
import type { Reception, Vouched } from '../senders/sender.ts';
import { answerOf } from './answer.ts';
import { authenticate, sendersFor } from './authenticate.ts';
import { readBody } from './body.ts';
import { awaitResults, handOver, matchIncoming, type Handled } from './hand-over.ts';
import { preferredWaitMs, type Patience } from './prefer.ts';
import type { RateLimit } from './rate-limit.ts';
import { withTrace } from './trace.ts';

/** What is measured, logged and counted of a request, as far as it came. */
export interface Passage {
  /** Name of the Sender document; '' = none was found. */
  sender: string;
  /** Spent waiting for the body and for Temporal, ms. */
  waitedMs: number;
  /** Of the workflows that have it. */
  readonly ids: string[];
}

export interface Receiving {
  readonly deps: FrontDoorDeps;
  readonly limit: RateLimit;
  readonly patience: Patience;
  readonly passage: Passage;
  readonly host?: Vouched;
}

/** @throws HttpProblem, TidegateError */
export async function receive(request: Request, name: string | undefined, receiving: Receiving): Promise<Response> {
  const { deps, passage } = receiving;
  const config = await deps.config();
  const candidates = sendersFor(config.events, name);
  const receivedAtMs = deps.now();
  const body = await outside(passage, () => readBody(request));
  const { method, headers } = request;
  const raw = { method, url: new URL(request.url), headers, body, receivedAtMs, ...receiving.host };
  const { sender, reception } = await authenticate(raw, candidates, deps);
  passage.sender = sender.name;
  assertPace(sender, receiving.limit);
  if (reception.kind === 'answer') return protocolAnswer(reception);
  return handleEvents(request, { ...receiving, config, sender, reception });
}

interface Received extends Receiving {
  readonly config: FrontDoorConfig;
  readonly sender: SenderConfig;
  readonly reception: Extract<Reception, { kind: 'events' }>;
}

async function handleEvents(request: Request, received: Received): Promise<Response> {
  const { deps, passage, config, sender, reception } = received;
  const { temporal } = deps;
  const matched = reception.incoming.map((one) =>
    matchIncoming(
      'event' in one ? { event: withTrace(one.event, request.headers) } : one,
      {
        sender: sender.name,
        by: reception.by,
      },
      config,
    ),
  );
  const started = await outside(passage, () => handOver(matched, temporal));
  count(started, sender.name, deps);
  passage.ids.push(...started.flatMap((one) => (one.kind === 'problem' ? [] : one.handlings.map(({ id }) => id))));
  const waitMs = preferredWaitMs(request.headers.get('prefer'));
  const waited =
    waitMs === 0
      ? undefined
      : await received.patience.during(() => outside(passage, () => awaitResults(started, { temporal, waitMs })));
  const handled = waited ?? started;
  const isBatch = /^\s*application\/cloudevents-batch/i.test(request.headers.get('content-type') ?? '');
  return answerOf(handled, { isList: isBatch || handled.length > 1, waited: waited !== undefined });
}

/** Time that is not ours. */
async function outside<T>(passage: Passage, wait: () => Promise<T>): Promise<T> {
  const since = performance.now();
  try {
    return await wait();
  } finally {
    passage.waitedMs += performance.now() - since;
  }
}

function assertPace(sender: SenderConfig, limit: RateLimit): void {
  const retryS = limit.take(sender);
  if (retryS === 0) return;
  const text = `sender ${sender.name} may send ${sender.perMinute} requests a minute`;
  throw new HttpProblem(429, `${text}: wait ${retryS} s`, { 'retry-after': String(retryS) });
}

function protocolAnswer({ status, body, headers }: Extract<Reception, { kind: 'answer' }>): Response {
  return new Response(body === '' ? null : body, { status, headers: { 'cache-control': 'no-store', ...headers } });
}

function count(handled: readonly Handled[], sender: string, { metrics }: FrontDoorDeps): void {
  for (const one of handled) {
    if (one.kind === 'problem') {
      metrics.events.add({ sender, outcome: 'refused' });
      continue;
    }
    for (const { trigger } of one.failures) metrics.failedFilters.add({ trigger });
    if (one.handlings.length === 0) metrics.events.add({ sender, outcome: 'unmatched' });
    for (const { state } of one.handlings)
      metrics.events.add({ sender, outcome: state === 'started' ? 'matched' : 'duplicate' });
  }
}

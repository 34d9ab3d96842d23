/** Events → workflows: what matches is given to Temporal, and nothing is accepted before it is there. */
import type { HandleEventInput, HandleEventResult } from '../../core/contract/events.ts';
import type { Incoming, Problem } from '../../core/events/incoming.ts';
import type { HeardEvent } from '../../core/events/match.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { EventPort, FrontDoorConfig } from '../deps.ts';
import { matchEvent, type FailedFilter, type Matching } from './matching.ts';

/** One event for one trigger and one service. */
export interface Handling {
  readonly id: string;
  readonly input: HandleEventInput;
  /** duplicate: Temporal has had it before. */
  readonly state: 'started' | 'duplicate';
  /** Absent: nobody waits, or it is not known yet. */
  readonly result?: HandleEventResult;
}

/** What became of one element of a request. */
export type Handled =
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'event'; readonly handlings: readonly Handling[]; readonly failures: readonly FailedFilter[] };

/** Matched, and not started yet. */
export type Matched = { readonly kind: 'problem'; readonly problem: Problem } | ({ readonly kind: 'event' } & Matching);

/** Temporal takes payloads of 2 MiB; the envelope is in it, too. */
const MOST_EVENT_BYTES = 1_500_000;

export function matchIncoming(incoming: Incoming, from: Omit<HeardEvent, 'event'>, config: FrontDoorConfig): Matched {
  if ('problem' in incoming) return { kind: 'problem', problem: incoming.problem };
  const { event } = incoming;
  if (JSON.stringify(event).length > MOST_EVENT_BYTES)
    return { kind: 'problem', problem: { status: 413, detail: 'the event is too large to be handed on', at: 'data' } };
  return { kind: 'event', ...matchEvent({ ...from, event }, config) };
}

/** Starts at a time: more would only queue in the connection. */
const AT_ONCE = 32;

/** @throws TidegateError Unavailable at the first start that Temporal does not take: the sender repeats the whole. */
export async function handOver(
  matched: readonly Matched[],
  temporal: Pick<EventPort, 'startEvent'>,
): Promise<readonly Handled[]> {
  const starts = matched.flatMap((one, element) =>
    one.kind === 'problem' ? [] : one.inputs.map((input) => ({ element, input })),
  );
  const handlings = matched.map((): Handling[] => []);
  const refused = new Map<number, Problem>();
  const start = async ({ element, input }: (typeof starts)[number]): Promise<void> => {
    try {
      const { workflowId, duplicate } = await temporal.startEvent(input);
      handlings[element]?.push({ id: workflowId, input, state: duplicate ? 'duplicate' : 'started' });
    } catch (error) {
      if (!(error instanceof TidegateError) || error.code !== 'Invalid') throw error;
      refused.set(element, { status: 400, detail: error.message, at: '' });
    }
  };
  for (let from = 0; from < starts.length; from += AT_ONCE)
    await Promise.all(starts.slice(from, from + AT_ONCE).map(start));
  return matched.map((one, element): Handled => {
    const problem = one.kind === 'problem' ? one.problem : refused.get(element);
    if (problem !== undefined || one.kind === 'problem') return { kind: 'problem', problem: problem as Problem };
    return { kind: 'event', handlings: handlings[element] ?? [], failures: one.failures };
  });
}

/** With the results that come within that time, ms. */
export async function awaitResults(
  handled: readonly Handled[],
  { temporal, waitMs }: { readonly temporal: EventPort; readonly waitMs: number },
): Promise<readonly Handled[]> {
  const awaited = async (handling: Handling): Promise<Handling> => {
    const result = await temporal.resultOf(handling.id, waitMs);
    return result === null ? handling : { ...handling, result };
  };
  return Promise.all(
    handled.map(async (one) =>
      one.kind === 'problem' ? one : { ...one, handlings: await Promise.all(one.handlings.map(awaited)) },
    ),
  );
}

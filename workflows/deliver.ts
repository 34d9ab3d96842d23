/**
 * deliver: tells the sinks what one run says, one of it per run. The run starts it, tells it by signals, and never waits
 * for a sink; it goes on after the run has ended, until all is delivered or given up.
 * Guarantees: each sink hears the events in their order, and none waits for another. One that is told twice is sent once.
 * What a sink does not take within a day, or refuses, is a dead letter: the workflow fails with it as its details, stays
 * visible as failed and `undelivered`, and `tidegate events resend` sends it again.
 * Timers: none. Messages: signal tell.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  defineSignal,
  proxyActivities,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { RolloutActivities } from '../core/contract/activities.ts';
import type {
  DeadLetter,
  DeliverInput,
  DeliverMemory,
  DeliverResult,
  TellInput,
  Undelivered,
} from '../core/contract/deliver.ts';
import { messageNames } from '../core/contract/messages.ts';
import type { CloudEvent } from '../core/events/cloud-event.ts';
import { summaryText } from '../core/view/temporal-limits.ts';
import { activityOptions, noPlan } from './activity-options.ts';
import { describeFailure } from './failures.ts';
import { installation } from './installation.ts';
import { searchAttributes } from './search-attributes.ts';

const tell = defineSignal<[TellInput]>(messageNames.tell);

/** Replay gets slow, and the server suggests a new run, at 4 096; or at 4 MiB, which large events reach much earlier. */
const EVENTS = 3_500;

/** Events of one activity: so many fit into its time however slow the sink is. */
const BATCH = 20;

/** Characters of what is put together for one activity: Temporal takes 2 MiB, and a character may have 3 bytes. */
const BATCH_CHARACTERS = 500_000;

/** Ids that are remembered over a new run: a signal that comes twice comes soon. */
const REMEMBERED = 200;

interface Batch {
  readonly events: readonly CloudEvent[];
  readonly only?: readonly string[];
}

interface Lane {
  readonly sink: string;
  readonly waiting: Batch[];
  busy: boolean;
  retired: boolean;
}

export async function deliver(input: DeliverInput): Promise<DeliverResult> {
  const { service, sinks, again = [], carried } = input;
  const memory = { seen: new Set(carried?.seen), dead: [...(carried?.dead ?? [])], sent: carried?.sent ?? 0 };
  const lanes = sinks.map((sink) => createLane(sink, carried));
  let last = input.last;
  const hear = ({ events, last: isLast }: TellInput): void => {
    const fresh = events.filter(({ id }) => !memory.seen.has(id));
    for (const { id } of fresh) memory.seen.add(id);
    for (const lane of lanes)
      for (let i = 0; i < fresh.length; i += BATCH) lane.waiting.push({ events: fresh.slice(i, i + BATCH) });
    last ||= isLast;
  };
  for (const { sink, events, only } of again)
    lanes.find((lane) => lane.sink === sink)?.waiting.push({ events, ...(only && { only }) });
  hear(input);
  // Only now: signals that came before this first task are heard at once, and what it was started with is older.
  setHandler(tell, hear);
  const isIdle = (): boolean => lanes.every(({ busy, waiting }) => !busy && waiting.length === 0);
  const bounds = { most: input.bySize === true ? BATCH_CHARACTERS : Infinity };
  const isLong = (): boolean => {
    const { historyLength, continueAsNewSuggested } = workflowInfo();
    return historyLength > EVENTS || (input.bySize === true && continueAsNewSuggested);
  };
  const work = lanes.map(async (lane) => {
    for (;;) {
      await condition(() => lane.waiting.length > 0 || (isIdle() && (last || isLong())));
      if (lane.waiting.length === 0) return;
      await sendNext(lane, { ...bounds, sending: memory });
    }
  });
  await Promise.all(work);
  await condition(allHandlersFinished);
  if (!last) {
    const kept: DeliverMemory = {
      seen: [...memory.seen].slice(-REMEMBERED),
      dead: memory.dead,
      retired: retiredOf(lanes),
      sent: memory.sent,
    };
    return continueAsNew<typeof deliver>({ service, sinks, events: [], last: false, bySize: true, carried: kept });
  }
  return close({ service, dead: memory.dead }, memory.sent);
}

const createLane = (sink: string, carried: DeliverMemory | undefined): Lane => ({
  ...{ sink, waiting: [], busy: false },
  retired: carried?.retired.includes(sink) === true,
});

const retiredOf = (lanes: readonly Lane[]): string[] => lanes.filter(({ retired }) => retired).map(({ sink }) => sink);

interface Sending {
  readonly dead: DeadLetter[];
  sent: number;
}

/** All that waits goes in one activity; what comes again goes as it was refused. */
async function sendNext(
  lane: Lane,
  { most, sending }: { readonly most: number; readonly sending: Sending },
): Promise<void> {
  const { sink } = lane;
  const batch = takeBatch(lane, most);
  const lost = (reason: string, only?: readonly string[]): void => {
    const of = only ?? batch.only;
    sending.dead.push({ sink, reason, events: eventsOf(batch, of), ...(of && { only: of }) });
  };
  if (lane.retired) return lost('the sink is gone (410)');
  lane.busy = true;
  try {
    const { deliverEvents } = proxyActivities<RolloutActivities>({
      ...activityOptions(noPlan, installation()).deliverEvents,
      summary: summaryText(`${sink}: ${batch.events.map(({ type }) => type.split('.').at(-1)).join(', ')}`),
    });
    const { sent, refused, retired } = await deliverEvents({ sink, ...batch });
    sending.sent += sent;
    if (retired !== '') lane.retired = true;
    for (const { id, reason } of refused) lost(reason, [id]);
  } catch (error) {
    lost(describeFailure(error).message);
  } finally {
    lane.busy = false;
  }
}

/** At least the first that waits, which came in one piece and fits; more of them up to `most` characters. */
function takeBatch({ waiting }: Lane, most: number): Batch {
  const first = waiting.shift() ?? { events: [] };
  if (first.only !== undefined) return first;
  const events = [...first.events];
  let size = sizeOf(first, most);
  for (
    let next = waiting[0];
    next?.only === undefined &&
    next !== undefined &&
    events.length + next.events.length <= BATCH &&
    size + sizeOf(next, most) <= most;
    next = waiting[0]
  ) {
    events.push(...next.events);
    size += sizeOf(next, most);
    waiting.shift();
  }
  return { events };
}

/** Characters; nobody counts them where there is no bound. */
const sizeOf = ({ events }: Batch, most: number): number => (most === Infinity ? 0 : JSON.stringify(events).length);

/** Ids of what follows from an event begin with the id of that event. */
const eventsOf = ({ events }: Batch, only: readonly string[] | undefined): readonly CloudEvent[] =>
  only === undefined ? events : events.filter(({ id }) => only.some((one) => one === id || one.startsWith(`${id}/`)));

function close(undelivered: Undelivered, sent: number): DeliverResult {
  const { service, dead } = undelivered;
  if (dead.length === 0) return { sent };
  upsertSearchAttributes([{ key: searchAttributes.state, value: 'undelivered' }]);
  const lines = dead.map(
    ({ sink, reason, events }) => `${sink} (${events.map(({ type }) => type).join(', ')}): ${reason}`,
  );
  throw ApplicationFailure.create({
    message:
      `not delivered of ${service.namespace}/${service.service}: ${lines.join('; ')}. Fix: mend the sink, then tidegate events resend`.slice(
        0,
        2_000,
      ),
    type: 'Unavailable',
    nonRetryable: true,
    details: [undelivered],
  });
}

/**
 * deliverEvents: tells one sink what it wants of some events, in their order. What it refuses for good is told to the
 * workflow and the next event goes on; a sink that is away is tried again later, from the event that it did not take.
 */
import type { SinkConfig } from '../../core/config/events/types.ts';
import type { DeliverEventsInput, DeliverEventsResult } from '../../core/contract/deliver.ts';
import type { CloudEvent } from '../../core/events/cloud-event.ts';
import { withCdEvents } from '../../core/events/out/cd-events.ts';
import { passesFilter, wantsType } from '../../core/events/out/chosen.ts';
import { runLink, waitsForApproval, withLinks, type Links } from '../../core/events/out/links.ts';
import { refuse, TidegateError } from '../../core/values/error.ts';
import { isGone } from './answers.ts';
import { tellForge } from './forge.ts';
import { tellMessage } from './message.ts';
import type { Progress, TellDeps } from './ports.ts';

export async function deliverEvents(deps: TellDeps, input: DeliverEventsInput): Promise<DeliverEventsResult> {
  const sink = await sinkNamed(deps, input.sink);
  const wanted = wantedOf(deps, sink, input);
  let now: Progress = deps.activity.progress() ?? { done: 0, sent: 0, refused: [], retired: '' };
  for (const [i, event] of wanted.entries()) {
    if (i < now.done) continue;
    // Beats are billed: a batch of one needs none.
    if (i > 0) deps.activity.keep(now);
    now = after(now, event, await toldTo(deps, sink, event, now.retired));
  }
  const { sent, refused, retired } = now;
  return { sent, refused, retired };
}

async function sinkNamed({ readSinks }: TellDeps, name: string): Promise<SinkConfig> {
  const sinks = await readSinks();
  const found = sinks.find((sink) => sink.name === name);
  if (found !== undefined) return found;
  // A document that has a fault now is mended, or taken away, by the next attempts.
  throw new TidegateError('Unavailable', `there is no Sink document ${name} that is right`, {
    fix: 'tidegate validate shows what is wrong; without the sink this delivery ends as not delivered after a day',
  });
}

function wantedOf({ activity }: TellDeps, sink: SinkConfig, { events, only }: DeliverEventsInput): CloudEvent[] {
  const place = { temporalUi: sink.temporalUi, namespace: activity.namespace() };
  return events
    .flatMap((event) => withCdEvents(event, runLink(event, place)))
    .filter((event) => wantsType(sink, event) && (only === undefined || only.includes(event.id)));
}

/** '' = the sink has it, or does not want it. */
type Refusal = { readonly reason: string; readonly gone: boolean } | null | 'unwanted';

async function toldTo(deps: TellDeps, sink: SinkConfig, event: CloudEvent, retired: string): Promise<Refusal> {
  if (retired !== '') return { reason: retired, gone: true };
  try {
    if (!passesFilter(sink, event)) return 'unwanted';
    await tell(deps, sink, event);
    return null;
  } catch (error) {
    if (error instanceof TidegateError && error.code === 'Invalid')
      return { reason: error.message, gone: isGone(error) };
    throw error;
  }
}

function after(before: Progress, { id }: CloudEvent, told: Refusal): Progress {
  const next = { ...before, done: before.done + 1 };
  if (told === 'unwanted') return next;
  if (told === null) return { ...next, sent: before.sent + 1 };
  return {
    ...next,
    refused: [...before.refused, { id, reason: told.reason }],
    retired: told.gone ? told.reason : before.retired,
  };
}

async function tell(deps: TellDeps, sink: SinkConfig, event: CloudEvent): Promise<void> {
  if (sink.type === 'hubStatus') return writeStatus(deps, event);
  const { type, temporalUi } = sink;
  const links: Links = {
    run: event.type.startsWith('dev.tidegate.')
      ? runLink(event, { temporalUi, namespace: deps.activity.namespace() })
      : '',
    approve: waitsForApproval(event) ? await (deps.approvalLink?.(event) ?? '') : '',
  };
  switch (type) {
    case 'github':
    case 'gitlab':
      return tellForge(deps, sink, { event, links });
    case 'http':
    case 'slack':
    case 'teams':
    case 'generic':
      return tellMessage(deps, sink, { event: withLinks(event, links), links });
    default:
      return refuse('Invalid', `sink of unknown type ${String(type)}`, 'update this worker');
  }
}

async function writeStatus({ writeStatus: write }: TellDeps, event: CloudEvent): Promise<void> {
  if (write !== undefined) return write(event);
  throw new TidegateError('Unavailable', 'the config of this worker is in no hub', {
    fix: 'give every worker the same --config',
  });
}

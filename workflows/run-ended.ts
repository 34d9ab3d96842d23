/**
 * The one place through which every end of a run goes: a line in the worker's log, `run ended`, with the end as data, and
 * one event for the sinks. The line is written before the task that closes the run is answered, so an end is told at least
 * once; the event has one id, whoever tells it.
 */
import { log, uuid4, workflowInfo } from '@temporalio/workflow';
import { workflowIdOf } from '../core/contract/workflow-ids.ts';
import type { CloudEvent } from '../core/events/cloud-event.ts';
import type { Moved } from '../core/events/out/moved.ts';
import { endEvent } from '../core/events/out/of-end.ts';
import { runEnded, type Ended, type RunEnd } from '../core/rollout/outcome.ts';
import type { ServiceRef } from '../core/routing/service-ref.ts';
import { installation } from './installation.ts';
import { send } from './told/send.ts';
import { traceparent } from './told/trace.ts';

export interface EndHearers {
  readonly moved: readonly Moved[];
  readonly traceparent: string;
  /** Hands the last event over; resolves once Temporal has it. */
  readonly send: (event: CloudEvent) => Promise<void>;
}

interface Told {
  /** Whose end it is. Absent: that of the workflow that tells. */
  readonly of?: Omit<RunEnd, keyof Ended>;
  /** Absent: there are no sinks. */
  readonly hearers?: EndHearers;
}

export async function tellEnd(ended: Ended, { of, hearers }: Told = {}): Promise<void> {
  const { workflowId, runId, startTime } = workflowInfo();
  const own = { id: `${workflowId}/${runId}`, startedAtMs: startTime.getTime(), endedAtMs: Date.now() };
  const end: RunEnd = { ...ended, ...(of ?? own) };
  log.info(runEnded, { end });
  if (hearers === undefined) return;
  const { moved, traceparent: traced } = hearers;
  await hearers.send(endEvent({ end, installation: installation(), traceparent: traced, moved }));
}

/** Of a workflow that has said nothing before: it starts a deliverer for this one event. */
export function hearersOfEnd(
  service: ServiceRef,
  sinks: readonly string[] | undefined,
): { readonly hearers?: EndHearers } {
  if (sinks === undefined || sinks.length === 0) return {};
  // The id follows from the history, not from the run id: a history is replayed under another one.
  const workflowId = workflowIdOf(installation(), 'deliver', 'end', uuid4());
  const hand = (event: CloudEvent): Promise<void> =>
    send({ workflowId, service, sinks }, { events: [event], last: true }, { begun: false });
  return { hearers: { moved: [], traceparent: traceparent(), send: hand } };
}

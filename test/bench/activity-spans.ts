/** When the activities of a workflow ran, from its history: the last attempt of each, ms since the epoch. */
import type { WorkflowHandle } from '@temporalio/client';

export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface ActivitySpan extends Span {
  readonly activity: string;
}

type EventTime = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number]['eventTime'];

const msOf = (time: EventTime): number => Number(time?.seconds ?? NaN) * 1_000 + Math.round((time?.nanos ?? 0) / 1e6);

export async function activitySpans(handle: WorkflowHandle): Promise<ActivitySpan[]> {
  const { events } = await handle.fetchHistory();
  const all = events ?? [];
  const names = new Map(
    all.flatMap(({ eventId, activityTaskScheduledEventAttributes: scheduled }) =>
      scheduled?.activityType?.name ? [[String(eventId), scheduled.activityType.name] as const] : [],
    ),
  );
  const starts = new Map(
    all.flatMap(({ eventTime, activityTaskStartedEventAttributes: started }) =>
      started ? [[String(started.scheduledEventId), msOf(eventTime)] as const] : [],
    ),
  );
  return all.flatMap(({ eventTime, activityTaskCompletedEventAttributes: completed }) => {
    if (!completed) return [];
    const id = String(completed.scheduledEventId);
    const from = starts.get(id);
    return from === undefined ? [] : [{ activity: names.get(id) ?? '', from, to: msOf(eventTime) }];
  });
}

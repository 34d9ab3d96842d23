/**
 * The right to write a record. Taking is compare-and-set, in the activity that writes: the record is read, the claim is
 * checked against it, and the write carries the resourceVersion that was read.
 */
import { type Writer, claimOf } from '../core/routing/changes.ts';
import type { RoutingRecord } from '../core/routing/record.ts';
import type { ActivityPort, Superseding } from './ports.ts';

/**
 * The writer as the record is to know it. Its run id is the activity's own: a run that was reset replays inputs which name
 * its former self. It goes on where that one ended; a way back also takes what any closed run of its lock has left.
 */
export async function claim<T extends Writer>(
  activity: ActivityPort,
  record: RoutingRecord | null,
  { input, over }: { readonly input: T; readonly over: Superseding },
): Promise<T> {
  const writer = { ...input, run: activity.runId() ?? input.run };
  const part = record?.versions;
  if (part === undefined || claimOf(part, writer) !== 'overtaken' || part.run === writer.run) return writer;
  if (!(await activity.supersedes(part.run, over))) return writer;
  return { ...writer, replaces: { epoch: part.epoch, run: part.run } };
}

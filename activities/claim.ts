/**
 * The right to write a record. Taking is compare-and-set, in the activity that writes: the record is read, the claim is
 * checked against it, and the write carries the resourceVersion that was read.
 */
import { type Writer, claimOf, isUnderWay } from '../core/routing/changes.ts';
import type { Part } from '../core/routing/part.ts';
import type { RoutingRecord } from '../core/routing/record.ts';
import { TidegateError } from '../core/values/error.ts';
import type { Superseding } from './other-runs.ts';
import type { ActivityPort } from './ports.ts';

/** Nothing fences the late attempt of a run that is over where there is no record, or nobody has taken it yet. */
const late = (run: string): TidegateError => new TidegateError('FencedOut', `run ${run} is over: nothing was written`);

/**
 * The writer as that part of the record is to know it. Its run id is the activity's own: a run that was reset replays inputs which name
 * its former self. It goes on where that one was ended in its middle; a way back also takes what any closed run of its lock has left.
 */
export async function claim<T extends Writer>(
  activity: ActivityPort,
  record: RoutingRecord | null,
  { input, over, part: name }: { readonly input: T; readonly over: Superseding; readonly part: Part },
): Promise<T> {
  const writer = { ...input, run: activity.runId() ?? input.run };
  if (record === null) {
    if (await activity.isOver()) throw late(writer.run);
    return writer;
  }
  const part = record[name];
  const claimed = claimOf(part, writer);
  // Nobody has taken the record of a run that was ended in its middle yet: its late attempt must not move it further.
  if (claimed === 'own' && over === 'formerSelf' && (await activity.isOver())) throw late(writer.run);
  if (claimed !== 'overtaken' || part.run === writer.run) return writer;
  if (over === 'formerSelf' && !isUnderWay(part)) return writer;
  if (!(await activity.supersedes(part.run, over))) return writer;
  return { ...writer, replaces: { epoch: part.epoch, run: part.run } };
}

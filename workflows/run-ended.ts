/**
 * The one place through which every end of a run goes. Today it is a line in the worker's log, `run ended`, with the end as
 * data. The line is written before the task that closes the run is answered, so an end is told at least once.
 */
import { log, workflowInfo } from '@temporalio/workflow';
import { runEnded, type Ended, type RunEnd } from '../core/rollout/outcome.ts';

/** The run that tells, unless it tells of another one. */
export function tellEnd(ended: Ended, of?: Omit<RunEnd, keyof Ended>): void {
  const { workflowId, runId, startTime } = workflowInfo();
  const own = { id: `${workflowId}/${runId}`, startedAtMs: startTime.getTime(), endedAtMs: Date.now() };
  const end: RunEnd = { ...ended, ...(of ?? own) };
  log.info(runEnded, { end });
}

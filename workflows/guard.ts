/**
 * guard: the dead man's switch of a run. `rollout` starts it before its first write and never speaks to it again.
 * Guarantees: however the run closes (completed, failed, cancelled, terminated, timed out, deleted), the server cancels this
 * workflow, and then it wakes the settler of the service, and what waits for its turn behind the run (workflows/next.ts). It
 * writes to no cluster, so it can disturb no healthy run. When that is done it tells of the end of a run that could not
 * tell it itself.
 * Timers: one, before it tries again to wake. Messages: none.
 */
import { CancellationScope, proxyActivities, sleep, workflowInfo } from '@temporalio/workflow';
import type { RolloutActivities } from '../core/contract/activities.ts';
import type { GuardInput } from '../core/contract/messages.ts';
import type { CloudEvent } from '../core/events/cloud-event.ts';
import { cutRunEnded, type GuardedRun } from '../core/rollout/outcome.ts';
import type { ServiceRef } from '../core/routing/service-ref.ts';
import { activityOptions, noPlan } from './activity-options.ts';
import { toWorkflowFailure } from './failures.ts';
import { installation } from './installation.ts';
import { tellEnd, type EndHearers } from './run-ended.ts';
import { delivererOf } from './told/deliverer.ts';
import { send } from './told/send.ts';
import { wakeNext } from './next/nexts.ts';
import { startSettler, wakeSettler } from './settle/settlers.ts';

const { describeEnd } = proxyActivities<RolloutActivities>({
  ...activityOptions(noPlan, installation()).describeEnd,
  summary: 'has it told its end?',
});

/** Between two attempts to wake a settler that ends just as it is spoken to, ms. */
const AGAIN_MS = 1_000;

export async function guard({ service, known, run }: GuardInput): Promise<void> {
  await CancellationScope.current().cancelRequested.catch(() => undefined);
  await CancellationScope.nonCancellable(async () => {
    while (!(await startSettler({ service, known })) && !(await wakeSettler(service))) await sleep(AGAIN_MS);
    if (run === undefined) return;
    // The way back first.
    await wakeNext({ service, part: run.part });
    await tellForIt({ service, run });
  });
}

/** The deliverer of the run: it waits for an end. */
function hearersOf(service: ServiceRef, { part, tells }: GuardedRun): { readonly hearers?: EndHearers } {
  if (tells === undefined) return {};
  const { sinks, epoch, traceparent } = tells;
  const to = delivererOf({ service, part, epoch }, sinks);
  const hand = (event: CloudEvent): Promise<void> => send(to, { events: [event], last: true }, { begun: true });
  return { hearers: { moved: [], traceparent, send: hand } };
}

async function tellForIt({ service, run }: Required<Pick<GuardInput, 'service' | 'run'>>): Promise<void> {
  const { parent } = workflowInfo();
  if (parent === undefined) return;
  const { workflowId, runId } = parent;
  try {
    const close = await describeEnd({ workflowId, runId });
    const ended = cutRunEnded({ ...run, service }, close);
    const endedAtMs = close.atMs === 0 ? Date.now() : close.atMs;
    const of = { id: `${workflowId}/${runId}`, startedAtMs: run.startedAtMs, endedAtMs };
    if (ended !== null) await tellEnd(ended, { of, ...hearersOf(service, run) });
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

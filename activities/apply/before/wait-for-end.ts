/** Waits for the end of one Job, says how far it is, and takes it away when nobody waits for it any more. */
import { CancelledFailure } from '@temporalio/common';
import { kinds } from '../../../core/kube/kinds.ts';
import { TidegateError } from '../../../core/values/error.ts';
import type { BeforeJob } from '../../../core/workload/before/before-job.ts';
import { jobEnd, type Job } from '../../../core/workload/before/job-end.ts';
import { removeObject } from '../../../platform/kube/apply-objects.ts';
import type { KubeDeps } from '../../ports.ts';
import type { RecordAt } from '../../record-store.ts';
import { jobTrouble, podsOf, whatWasSaid } from './job-words.ts';

export interface Waiting {
  readonly at: RecordAt;
  readonly job: BeforeJob;
  readonly live: Job;
  /** For heartbeats. */
  readonly title: string;
  readonly version: string;
}

/** Between two looks at a Job, ms. */
const LOOK_MS = 1_000;

/** The cluster ends a Job in time by itself. One whose controller does not is given up this long after that, ms. */
const PATIENCE_MS = 30_000;

export async function waitForEnd(deps: KubeDeps, waiting: Waiting): Promise<void> {
  try {
    await watchJob(deps, waiting);
  } catch (error) {
    if (await isUnwanted(deps)) await remove(waiting);
    throw error;
  }
}

async function watchJob({ clock, activity }: KubeDeps, waiting: Waiting): Promise<void> {
  const { at, job, live, title } = waiting;
  const until = clock.nowMs() + job.timeoutMs + PATIENCE_MS;
  let said = '';
  for (;;) {
    const found = await at.cluster.get<Job>(kinds.job, live.metadata);
    if (found === null) throw failed(waiting, 'somebody has deleted it');
    const { state, reason } = jobEnd(found);
    if (state === 'complete') return;
    const pods = await podsOf(at, found);
    if (state === 'failed') throw failed(waiting, reason, await whatWasSaid(at, pods));
    const trouble = await jobTrouble(at, { job: found, pods, nowMs: clock.nowMs() });
    const progress = trouble?.text ?? (pods.length === 0 ? 'waits for its pod' : 'runs');
    // Each beat is billed; the activity beats by itself, too.
    if (progress !== said) activity.heartbeat({ cluster: at.cluster.name, job: title, progress });
    said = progress;
    if (trouble?.isFinal === true) await giveUp(waiting, trouble.text, '');
    if (clock.nowMs() >= until)
      await giveUp(waiting, 'it has not ended in time, nor has the cluster ended it', await whatWasSaid(at, pods));
    await clock.sleep(LOOK_MS, activity.signal());
  }
}

async function giveUp(waiting: Waiting, why: string, said: string): Promise<never> {
  await remove(waiting);
  throw failed(waiting, why, said);
}

/** One that has ended stays, for people to read its log. */
async function remove({ at, live }: Waiting): Promise<void> {
  const { cluster, service } = at;
  const found = await cluster.get<Job>(kinds.job, live.metadata);
  if (found === null || jobEnd(found).state !== 'running') return;
  await removeObject(cluster, found, { installation: service.installation });
}

/**
 * Was the attempt ended because the run goes back, or is over? A worker that stops, and an attempt that a later one takes
 * the place of, leave the Job to that one.
 */
async function isUnwanted({ activity }: KubeDeps): Promise<boolean> {
  const signal = activity.signal();
  if (!signal.aborted) return false;
  const reason: unknown = signal.reason;
  // Another cluster has failed for good, in a write of many.
  if (reason instanceof TidegateError) return true;
  if (reason instanceof CancelledFailure && reason.message === 'CANCELLED') return true;
  if (reason instanceof CancelledFailure && reason.message === 'WORKER_SHUTDOWN') return false;
  return activity.isOver();
}

function failed({ at, job, live, version }: Waiting, why: string, said = ''): TidegateError {
  const { cluster, service } = at;
  const where = `${cluster.name}/${service.namespace}/Job/${live.metadata.name}`;
  return new TidegateError('BeforeFailed', `${where}: Job ${job.name} has failed: ${why}${said}`, {
    fix: `mend what it says, then start again. No share of ${version} was given there`,
  });
}

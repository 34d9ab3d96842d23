/** What the pods of a Job say, and what is said of them. */
import { kinds } from '../../../core/kube/kinds.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { containerOf, LOG_LINES, podEnd, tailOf, telling, type Job } from '../../../core/workload/before/job-end.ts';
import type { Pod, PodTrouble } from '../../../core/workload/pod-trouble.ts';
import type { RecordAt } from '../../record-store.ts';
import { eventsOf, troubleOfPods } from '../read-trouble.ts';

/** The label by which controllers of all versions find the pods of a Job. */
const JOB_NAME = 'job-name';

export const podsOf = ({ cluster, service }: RecordAt, { metadata }: Job): Promise<readonly Pod[]> =>
  cluster.list<Pod>(kinds.pod, service.namespace, { labelSelector: `${JOB_NAME}=${metadata.name}` });

interface Looked {
  readonly job: Job;
  readonly pods: readonly Pod[];
  readonly nowMs: number;
}

/** Why no pod of the Job runs; null: nothing is known to be wrong. */
export async function jobTrouble(at: RecordAt, { job, pods, nowMs }: Looked): Promise<PodTrouble | null> {
  const waiting = pods.filter(({ status }) => status?.phase === 'Pending');
  if (waiting.length > 0) return troubleOfPods(at, waiting, nowMs);
  if (pods.length > 0) return null;
  // A quota or an admission refuses the pod; the controller tries on until the Job's time is over.
  const unmade = (await eventsOf(at, job)).find(({ reason }) => reason === 'FailedCreate');
  return unmade === undefined ? null : { text: `FailedCreate: ${unmade.message ?? ''}`, isFinal: false };
}

/** `; pod x: container y: Error with exit code 7; the end of its log:\n…`. A log that cannot be read is told, and stops nothing. */
export async function whatWasSaid(at: RecordAt, pods: readonly Pod[]): Promise<string> {
  const pod = telling(pods);
  if (pod === undefined) return '; it has no pod any more, and so no log';
  const end = podEnd(pod);
  return `; ${end === '' ? `pod ${pod.metadata.name}` : end}; ${await logOf(at, pod)}`;
}

async function logOf({ cluster, service: { namespace } }: RecordAt, pod: Pod): Promise<string> {
  const at = { namespace, name: pod.metadata.name };
  try {
    const log = await cluster.log(at, { container: containerOf(pod), lines: LOG_LINES });
    if (log === null) return 'its log is gone, with the pod or its node';
    const tail = tailOf(log);
    return tail === '' ? 'its log is empty' : `the end of its log:\n${tail}`;
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return `its log cannot be read: ${error.message}`;
  }
}

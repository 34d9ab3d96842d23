/** Asks the pods of a Deployment, and what was said of them, why they are not ready. */
import { kinds } from '../../core/kube/kinds.ts';
import type { Deployment, KubeObject } from '../../core/kube/objects.ts';
import { TidegateError } from '../../core/values/error.ts';
import {
  podTrouble,
  replicaTrouble,
  waitingPods,
  type Pod,
  type PodEvent,
  type PodTrouble,
} from '../../core/workload/pod-trouble.ts';
import type { RecordAt } from '../record-store.ts';

/** Pods of one template wait for the same thing, as a rule: events are asked of so many. */
const ASKED = 3;

/** null: nothing is known to be wrong. A role of before, which may not read pods, is told of by doctor and stops nothing. */
export async function readTrouble(at: RecordAt, found: Deployment, nowMs: number): Promise<PodTrouble | null> {
  const unmade = replicaTrouble(found);
  if (unmade?.isFinal === true) return unmade;
  try {
    return (await ofPods(at, found, nowMs)) ?? unmade;
  } catch (error) {
    if (error instanceof TidegateError && error.code === 'Forbidden') return unmade;
    throw error;
  }
}

async function ofPods(at: RecordAt, { spec }: Deployment, nowMs: number): Promise<PodTrouble | null> {
  const labelSelector = Object.entries(spec.selector.matchLabels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  if (labelSelector === '') return null;
  const { cluster, service } = at;
  return troubleOfPods(
    at,
    waitingPods(await cluster.list<Pod>(kinds.pod, service.namespace, { labelSelector })).slice(0, ASKED),
    nowMs,
  );
}

/** … of pods that wait. */
export async function troubleOfPods(at: RecordAt, pods: readonly Pod[], nowMs: number): Promise<PodTrouble | null> {
  const events = await Promise.all(pods.map((pod) => eventsOf(at, pod)));
  return podTrouble(pods, { events: events.flat(), nowMs });
}

/** What components say of an object. */
export const eventsOf = (
  { cluster, service: { namespace } }: RecordAt,
  { metadata: { uid = '' } }: Pick<KubeObject, 'metadata'>,
): Promise<readonly PodEvent[]> =>
  cluster.list<PodEvent>(kinds.event, namespace, { fieldSelector: `involvedObject.uid=${uid}` });

/** Waits until a version has its pods, says meanwhile why not, and ends early where waiting changes nothing. */
import { beatEveryMs, type BeatingActivity } from '../../../core/contract/timeouts.ts';
import { kinds } from '../../../core/kube/kinds.ts';
import type { Deployment } from '../../../core/kube/objects.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { describeProgress, isReady } from '../../../core/workload/version-deployment.ts';
import type { KubeDeps } from '../../ports.ts';
import type { RecordAt } from '../../record-store.ts';
import { readTrouble } from '../read-trouble.ts';

export interface Awaited {
  readonly at: RecordAt;
  readonly of: Extract<BeatingActivity, 'prepareVersion' | 'keepCapacity'>;
  readonly version: string;
  /** Ready pods that it must have. */
  readonly pods: number;
  readonly progressDeadlineMs: number;
  readonly find: () => Promise<Deployment | null>;
  /** What the Deployment's absence means. */
  readonly missing: string;
  /** It is ours: who makes it smaller meanwhile is taken back. */
  readonly isOurs: boolean;
  /** What becomes of the traffic when it is too late. */
  readonly otherwise: string;
}

/** Between two looks at a Deployment that gets ready, ms. */
const LOOK_MS = 1_000;

export async function untilReady({ clock, activity }: KubeDeps, awaited: Awaited): Promise<Deployment> {
  const { at, of, version, pods } = awaited;
  const until = activity.scheduledAtMs() + awaited.progressDeadlineMs;
  let said = { progress: '', atMs: 0 };
  for (;;) {
    const found = await awaited.find();
    if (found !== null && isReady(found, pods)) return found;
    if (found !== null && awaited.isOurs) await scaleUp(at, found, pods);
    const trouble = found === null ? null : await readTrouble(at, found, clock.nowMs());
    const state = found === null ? awaited.missing : describeProgress(found, pods);
    const progress = trouble === null ? state : `${state}; ${trouble.text}`;
    // News at once; each beat is billed.
    if (progress !== said.progress || clock.nowMs() - said.atMs >= beatEveryMs(of)) {
      activity.heartbeat({ cluster: at.cluster.name, version, progress });
      said = { progress, atMs: clock.nowMs() };
    }
    if (trouble?.isFinal === true) throw neverReady(awaited, progress);
    if (clock.nowMs() >= until) throw tooLate(awaited, found, progress);
    await clock.sleep(LOOK_MS, activity.signal());
  }
}

/** Never fewer: a version that has more keeps them. */
export async function scaleUp({ cluster }: RecordAt, { metadata, spec }: Deployment, replicas: number): Promise<void> {
  if ((spec.replicas ?? 1) >= replicas) return;
  const { namespace, name, resourceVersion } = metadata;
  await cluster.patch(kinds.deployment, { namespace, name }, { metadata: { resourceVersion }, spec: { replicas } });
}

/** Waiting longer would change nothing. */
function neverReady({ at: { cluster, service }, version, otherwise }: Awaited, progress: string): TidegateError {
  return new TidegateError(
    'Invalid',
    `${cluster.name}/${service.namespace}: ${service.service} ${version} does not get ready: ${progress}`,
    { fix: `mend what the pod says, then start again. ${otherwise}` },
  );
}

function tooLate(awaited: Awaited, found: Deployment | null, progress: string): TidegateError {
  const { at, version, progressDeadlineMs, isOurs, otherwise } = awaited;
  const object = found?.metadata.name ?? `${at.service.service} ${version}`;
  const seconds = String(Math.round(progressDeadlineMs / 1000));
  const fix = isOurs
    ? 'see the pods (kubectl describe): image, probes, capacity; or raise rollout.progressDeadline'
    : 'whoever makes it gives it as many ready pods as the version that it replaces has; or write rollout.capacity: byShare';
  return new TidegateError(
    'DeadlineExceeded',
    `${at.cluster.name}/${at.service.namespace}/Deployment/${object}: ${progress}, after ${seconds} s`,
    { fix: `${fix}. ${otherwise}` },
  );
}

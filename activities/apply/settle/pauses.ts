/** Pauses are annotations of frontend Services: the one object of a service that is there before and after its records. */
import type { MarkPausedInput } from '../../../core/contract/settle-activities.ts';
import { annotations } from '../../../core/kube/labels.ts';
import { kinds } from '../../../core/kube/kinds.ts';
import type { ObjectChange } from '../../../core/kube/object-change.ts';
import type { Service } from '../../../core/kube/objects.ts';
import type { ServiceRef } from '../../../core/routing/service-ref.ts';
import type { KubeCluster } from '../../../platform/kube/clusters.ts';
import type { KubeDeps } from '../../ports.ts';
import { patchService } from '../pins/service-patch.ts';
import { forgetFights } from '../pins/sibling-pins.ts';

export async function markPaused(
  { clusters, activity }: KubeDeps,
  { services, cluster: ref, of, pause }: MarkPausedInput,
): Promise<readonly ObjectChange[]> {
  const [first] = services;
  if (first === undefined) return [];
  const cluster = await clusters.connect({ service: first, cluster: ref });
  const wanted = {
    [of === 'service' ? annotations.paused : annotations.clusterPaused]: pause === null ? null : JSON.stringify(pause),
    // Whoever says that Tidegate may go on has told the others to leave the field alone.
    ...(pause === null && of === 'service' && { [annotations.repairs]: null }),
  };
  const changes: ObjectChange[] = [];
  for (const service of services) {
    activity.signal().throwIfAborted();
    changes.push(await markOne(cluster, service, wanted));
    if (pause === null && of === 'service') changes.push(...(await forgetFights({ cluster, service })));
  }
  return changes;
}

async function markOne(
  cluster: KubeCluster,
  service: ServiceRef,
  wanted: Readonly<Record<string, string | null>>,
): Promise<ObjectChange> {
  const at = { namespace: service.namespace, name: service.service };
  const object = `${service.namespace}/Service/${service.service}`;
  const found = await cluster.get<Service>(kinds.service, at);
  if (found === null) return { object, action: 'skipped', before: '', after: '' };
  const now = found.metadata.annotations ?? {};
  const differs = Object.entries(wanted).some(([name, value]) => (now[name] ?? null) !== value);
  if (!differs) return { object, action: 'unchanged', before: '', after: '' };
  return { ...(await patchService({ cluster, service }, found, { annotations: wanted })), object };
}

/**
 * HorizontalPodAutoscalers of a service. While a rollout takes traffic from a version, its autoscaler may not take its
 * pods: the minimum is held at the present count, with the old minimum beside it. The version that wins gets a copy.
 */
import { kinds } from '../../core/kube/kinds.ts';
import { annotations, labels } from '../../core/kube/labels.ts';
import type { ObjectChange } from '../../core/kube/object-change.ts';
import type { Autoscaler } from '../../core/kube/objects.ts';
import { isOwned } from '../../core/kube/ownership.ts';
import { withDigest } from '../../core/kube/with-digest.ts';
import { deploymentName } from '../../core/routing/names.ts';
import { scales } from '../../core/workload/cluster-facts.ts';
import { heldOf, type Held } from '../../core/workload/held.ts';
import { ensureObject, removeObject } from '../../platform/kube/apply-objects.ts';
import type { RecordAt } from '../record-store.ts';

const readAutoscalers = ({ cluster, service }: RecordAt): Promise<readonly Autoscaler[]> =>
  cluster.list<Autoscaler>(kinds.autoscaler, service.namespace);

async function patchHeld(
  at: RecordAt,
  one: Autoscaler,
  set: { minReplicas: number; held: Held | null },
): Promise<ObjectChange> {
  const { name, namespace, resourceVersion } = one.metadata;
  await at.cluster.patch(
    kinds.autoscaler,
    { namespace, name },
    {
      metadata: {
        resourceVersion,
        annotations: { [annotations.held]: set.held === null ? null : JSON.stringify(set.held) },
      },
      spec: { minReplicas: set.minReplicas },
    },
  );
  return { object: `HorizontalPodAutoscaler/${name}`, action: 'configured', before: '', after: '' };
}

/** Keeps the Deployment at its present count until the version's rollout and warm time are over. */
export async function holdAutoscaler(
  at: RecordAt,
  hold: { deployment: string; replicas: number; version: string },
): Promise<void> {
  const found = (await readAutoscalers(at)).find((one) => scales(one, hold.deployment));
  if (found === undefined || heldOf(found) !== null) return;
  const minReplicas = found.spec.minReplicas ?? 1;
  const held = { minReplicas, for: hold.version, service: at.service.service };
  const raised = Math.min(Math.max(minReplicas, hold.replicas), found.spec.maxReplicas);
  await patchHeld(at, found, { minReplicas: raised, held });
}

/** Gives back what was held for a version; false entries are not touched. */
export async function releaseAutoscalers(at: RecordAt, version: string): Promise<readonly ObjectChange[]> {
  const mine = (await readAutoscalers(at)).flatMap((one) => {
    const held = heldOf(one);
    return held !== null && held.service === at.service.service && held.for === version ? [{ one, held }] : [];
  });
  return Promise.all(mine.map(({ one, held }) => patchHeld(at, one, { minReplicas: held.minReplicas, held: null })));
}

/** The proven version scales as the one it replaced did. */
export async function adoptAutoscaler(at: RecordAt, version: string): Promise<readonly ObjectChange[]> {
  const { service, namespace, installation } = at.service;
  const deployment = deploymentName(service, version);
  const all = await readAutoscalers(at);
  const own = all.find((one) => scales(one, deployment));
  const ownHeld = own === undefined ? null : heldOf(own);
  if (own !== undefined)
    return ownHeld === null ? [] : [await patchHeld(at, own, { minReplicas: ownHeld.minReplicas, held: null })];
  const model = all.find((one) => heldOf(one)?.service === service && heldOf(one)?.for === version);
  if (model === undefined) return [];
  const copy = withDigest({
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: {
      name: deployment,
      namespace,
      labels: {
        [labels.managedBy]: 'tidegate',
        [labels.owner]: installation,
        [labels.service]: service,
        [labels.subsetVersion]: version,
      },
    },
    spec: {
      ...model.spec,
      minReplicas: heldOf(model)?.minReplicas ?? 1,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: deployment },
    },
  });
  return [(await ensureObject(at.cluster, copy, { installation, compare: 'digest' })).change];
}

/** Removes the copy that was made for a Deployment which goes away. */
export async function removeAutoscaler(at: RecordAt, deployment: string): Promise<readonly ObjectChange[]> {
  const { installation } = at.service;
  const mine = (await readAutoscalers(at)).filter((one) => scales(one, deployment) && isOwned(one, installation));
  return Promise.all(mine.map((one) => removeObject(at.cluster, one, { installation })));
}

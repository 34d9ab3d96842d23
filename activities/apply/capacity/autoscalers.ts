/**
 * What scales a service's versions: HorizontalPodAutoscalers, and ScaledObjects of KEDA. While a rollout takes traffic from
 * a version, its autoscaler may not take its pods: the minimum is held at what the traffic needs, with the old minimum
 * beside it. The version that enters gets a copy, held like that too: traffic that grows in the run meets an autoscaler.
 */
import { kinds } from '../../../core/kube/kinds.ts';
import type { ObjectChange } from '../../../core/kube/object-change.ts';
import type { Autoscaler, ScaledObject } from '../../../core/kube/objects.ts';
import { isOwned } from '../../../core/kube/ownership.ts';
import { deploymentName } from '../../../core/routing/names.ts';
import { TidegateError } from '../../../core/values/error.ts';
import {
  freePatch,
  holdPatch,
  scalerCopy,
  scalersOf,
  type Hold,
  type Scaler,
} from '../../../core/workload/capacity/scalers.ts';
import type { KubeCluster } from '../../../platform/kube/clusters.ts';
import { ensureObject, removeObject } from '../../../platform/kube/apply-objects.ts';
import type { RecordAt } from '../../record-store.ts';

/** Empty also where a role of before may not list them: doctor tells of that, and what Kubernetes scales by itself is held. */
export async function listScaledObjects(
  cluster: KubeCluster,
  namespace: string,
  options: Parameters<KubeCluster['list']>[2] = {},
): Promise<readonly ScaledObject[]> {
  try {
    return await cluster.list<ScaledObject>(kinds.scaledObject, namespace, options);
  } catch (error) {
    if (error instanceof TidegateError && error.code === 'Forbidden') return [];
    throw error;
  }
}

export interface Autoscaling {
  readonly autoscalers: readonly Autoscaler[];
  readonly scalers: readonly Scaler[];
}

export async function readAutoscaling({ cluster, service: { namespace } }: RecordAt): Promise<Autoscaling> {
  const [autoscalers, scaledObjects] = await Promise.all([
    cluster.list<Autoscaler>(kinds.autoscaler, namespace),
    listScaledObjects(cluster, namespace),
  ]);
  return { autoscalers, scalers: scalersOf(autoscalers, scaledObjects) };
}

const readScalers = async (at: RecordAt): Promise<readonly Scaler[]> => (await readAutoscaling(at)).scalers;

async function patched(
  { cluster }: RecordAt,
  { object }: Scaler,
  patch: object | null,
): Promise<readonly ObjectChange[]> {
  if (patch === null) return [];
  const { name, namespace } = object.metadata;
  await cluster.patch(object, { namespace, name }, patch);
  return [{ object: `${object.kind}/${name}`, action: 'configured', before: '', after: '' }];
}

/** Its Deployment is as large until the version's rollout and warm time are over, as far as its own maximum lets it. */
export const holdScaler = (
  at: RecordAt,
  scaler: Scaler,
  hold: Omit<Hold, 'service'>,
): Promise<readonly ObjectChange[]> => patched(at, scaler, holdPatch(scaler, { ...hold, service: at.service.service }));

export interface EnteringVersion {
  readonly version: string;
  readonly deployment: string;
  /** Deployment of the version that it replaces; null: there is none. */
  readonly replaced: string | null;
  readonly level: number;
}

/** Its own autoscaler (of an undo) is held, or it gets a copy of the replaced version's. */
export async function holdEntering(
  at: RecordAt,
  scalers: readonly Scaler[],
  { version, deployment, replaced, level }: EnteringVersion,
): Promise<void> {
  const own = scalers.find((one) => one.deployment === deployment);
  // What another version's rollout holds stays that one's: should this run fail, it is warm as before.
  if (own !== undefined) return void (await holdScaler(at, own, { level, version: own.held?.for ?? version }));
  const model = scalers.find((one) => one.deployment === replaced);
  if (model === undefined) return;
  const copy = scalerCopy(model, { of: at.service, version, level });
  await ensureObject(at.cluster, copy, { installation: at.service.installation, compare: 'digest' });
}

/** The version's own of that name, when its run is over; null: that is none. Others may still be held for the version. */
export async function releaseOwn(
  at: RecordAt,
  scalers: readonly Scaler[],
  { version, autoscaler }: { readonly version: string; readonly autoscaler: string },
): Promise<readonly ObjectChange[] | null> {
  const deployment = deploymentName(at.service.service, version);
  const own = scalers.find((one) => one.object.metadata.name === autoscaler && one.deployment === deployment);
  return own === undefined ? null : patched(at, own, freePatch(own));
}

/** Gives back what was held for a version; false entries are not touched. */
export async function releaseHeld(
  at: RecordAt,
  scalers: readonly Scaler[],
  version: string,
): Promise<readonly ObjectChange[]> {
  const mine = scalers.filter(
    ({ held }) => held !== null && held.service === at.service.service && held.for === version,
  );
  return (await Promise.all(mine.map((one) => patched(at, one, freePatch(one))))).flat();
}

/** … as they are now. */
export const releaseAutoscalers = async (at: RecordAt, version: string): Promise<readonly ObjectChange[]> =>
  releaseHeld(at, await readScalers(at), version);

/** The proven version scales as the one it replaced did. */
export async function adoptAutoscaler(at: RecordAt, version: string): Promise<readonly ObjectChange[]> {
  const { service, installation } = at.service;
  const deployment = deploymentName(service, version);
  const all = await readScalers(at);
  const own = all.find((one) => one.deployment === deployment);
  if (own !== undefined) return patched(at, own, freePatch(own));
  // A run that an older worker began has made no copy at its entry.
  const model = all.find(({ held }) => held?.service === service && held.for === version);
  if (model === undefined) return [];
  const copy = scalerCopy(model, { of: at.service, version });
  return [(await ensureObject(at.cluster, copy, { installation, compare: 'digest' })).change];
}

/** Removes the copy that was made for a Deployment which goes away. */
export async function removeAutoscaler(at: RecordAt, deployment: string): Promise<readonly ObjectChange[]> {
  const { installation } = at.service;
  const mine = (await readScalers(at)).filter(
    (one) => one.deployment === deployment && isOwned(one.object, installation),
  );
  return Promise.all(mine.map(({ object }) => removeObject(at.cluster, object, { installation })));
}

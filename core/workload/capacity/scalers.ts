/**
 * core/workload/capacity: pods for the traffic, of both versions, from the first share to the end of the warm time.
 *
 *   HorizontalPodAutoscaler | ScaledObject ──scalersOf──► Scaler ──holdPatch──► its minimum, raised and never lowered
 *   ready pods and loads ──podsNeeded──► pods that carry all traffic ──podsFor──► … a share of it
 *
 * This file has what makes a version's pods more or fewer. KEDA writes the HorizontalPodAutoscaler of a ScaledObject anew
 * from that: the ScaledObject is what is held. Its own pauses would keep a version as small as it is, or stop it from
 * growing; its minimum is a floor, in every KEDA. This folder reads no cluster and waits for nothing.
 */
import { annotations, labels } from '../../kube/labels.ts';
import type { Autoscaler, KubeObject, Manifest, ScaledObject } from '../../kube/objects.ts';
import { withDigest } from '../../kube/with-digest.ts';
import { deploymentName } from '../../routing/names.ts';
import type { ServiceRef } from '../../routing/service-ref.ts';
import { heldOf, type Held } from './held.ts';

export interface Scaler {
  readonly object: KubeObject;
  /** Of the Deployment that it scales. */
  readonly deployment: string;
  readonly min: number;
  readonly max: number;
  /** Of a ScaledObject: its replicas while nothing triggers it; null: it names none. */
  readonly idle: number | null;
  /** null: nobody holds it. */
  readonly held: Held | null;
}

/** As KEDA takes a ScaledObject that does not say. */
const KEDA_MIN = 0;
const KEDA_MAX = 100;

/** Each Deployment's, once. A HorizontalPodAutoscaler whose ScaledObject cannot be seen stands for itself. */
export function scalersOf(autoscalers: readonly Autoscaler[], scaledObjects: readonly ScaledObject[]): Scaler[] {
  const names = new Set(scaledObjects.map(({ metadata }) => metadata.name));
  const own = autoscalers.filter((one) => !names.has(scaledObjectOf(one)));
  return [...scaledObjects.flatMap(ofScaledObject), ...own.flatMap(ofAutoscaler)];
}

/** The ScaledObject that KEDA made it of; '' = none. */
function scaledObjectOf({ metadata }: Autoscaler): string {
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'ScaledObject');
  return owner?.name ?? metadata.labels?.['scaledobject.keda.sh/name'] ?? '';
}

function ofAutoscaler(object: Autoscaler): Scaler[] {
  const { scaleTargetRef, minReplicas = 1, maxReplicas } = object.spec;
  if (scaleTargetRef.kind !== 'Deployment') return [];
  const held = heldOf(object);
  return [{ object, deployment: scaleTargetRef.name, min: minReplicas, max: maxReplicas, idle: null, held }];
}

function ofScaledObject(object: ScaledObject): Scaler[] {
  const { scaleTargetRef, minReplicaCount = KEDA_MIN, maxReplicaCount = KEDA_MAX, idleReplicaCount } = object.spec;
  if ((scaleTargetRef.kind ?? 'Deployment') !== 'Deployment') return [];
  const idle = idleReplicaCount ?? null;
  const held = heldOf(object);
  return [{ object, deployment: scaleTargetRef.name, min: minReplicaCount, max: maxReplicaCount, idle, held }];
}

export interface Hold {
  /** Replicas that it may not go below, as far as its own maximum lets it. */
  readonly level: number;
  /** Whose rollout holds it from now on; a hold of before keeps its word of what it was. */
  readonly version: string;
  readonly service: string;
}

/** A merge patch; null: it is held like that already. A hold is raised, and never lowered. */
export function holdPatch(scaler: Scaler, { level, version, service }: Hold): object | null {
  const { object, min, max, idle, held } = scaler;
  const raised = Math.max(min, Math.min(level, max));
  const before: Held = held ?? { minReplicas: min, ...(idle !== null && { idle }), for: version, service };
  const isSame = held !== null && held.for === version && raised === min && idle === null;
  if (isSame) return null;
  return patchOf(object, { ...before, for: version, service }, specOf(object, { min: raised, idle: null }));
}

/** A merge patch that gives it back as it was; null: nobody holds it. */
export function freePatch({ object, held }: Scaler): object | null {
  if (held === null) return null;
  return patchOf(object, null, specOf(object, { min: held.minReplicas, idle: held.idle ?? null }));
}

const patchOf = ({ metadata: { resourceVersion } }: KubeObject, held: Held | null, spec: object): object => ({
  metadata: { resourceVersion, annotations: { [annotations.held]: held === null ? null : JSON.stringify(held) } },
  spec,
});

const isScaledObject = ({ kind }: KubeObject): boolean => kind === 'ScaledObject';

/** null takes a field out. KEDA lets a workload idle below its minimum: while it is held, it does not idle. */
const specOf = (object: KubeObject, { min, idle }: { min: number; idle: number | null }): object =>
  isScaledObject(object) ? { minReplicaCount: min, idleReplicaCount: idle } : { minReplicas: min };

export interface ScalerCopy {
  readonly of: ServiceRef;
  readonly version: string;
  /** Held at this many replicas from the beginning; absent: nobody holds it. */
  readonly level?: number;
}

/** The version scales as the one it replaces does, without a hold. */
export function scalerCopy({ object, min, max, idle, held }: Scaler, { of, version, level }: ScalerCopy): Manifest {
  const { service, namespace, installation } = of;
  const name = deploymentName(service, version);
  const spec = object.spec as Readonly<Record<string, unknown>>;
  const was = { min: held?.minReplicas ?? min, idle: held === null ? idle : (held.idle ?? null) };
  const hold: Held = { minReplicas: was.min, ...(was.idle !== null && { idle: was.idle }), for: version, service };
  const now = level === undefined ? was : { min: Math.max(was.min, Math.min(level, max)), idle: null };
  const { advanced, idleReplicaCount: _, ...rest } = spec;
  return withDigest({
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      name,
      namespace,
      labels: {
        [labels.managedBy]: 'tidegate',
        [labels.owner]: installation,
        [labels.service]: service,
        [labels.subsetVersion]: version,
      },
      ...(level !== undefined && { annotations: { [annotations.held]: JSON.stringify(hold) } }),
    },
    spec: {
      ...rest,
      ...(advanced !== undefined && { advanced: withoutName(advanced) }),
      ...(isScaledObject(object)
        ? { minReplicaCount: now.min, ...(now.idle !== null && { idleReplicaCount: now.idle }) }
        : { minReplicas: now.min }),
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name },
    },
  });
}

/** The name that a ScaledObject gives its HorizontalPodAutoscaler is taken. */
function withoutName(advanced: unknown): unknown {
  const { horizontalPodAutoscalerConfig: config, ...rest } = advanced as Readonly<Record<string, unknown>>;
  if (config === undefined) return rest;
  const { name: _, ...kept } = config as Readonly<Record<string, unknown>>;
  return { ...rest, horizontalPodAutoscalerConfig: kept };
}

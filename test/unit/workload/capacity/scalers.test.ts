/** Autoscalers that are held: by level, and KEDA's by what KEDA itself goes by. */
import { describe, expect, it } from '@jest/globals';
import { annotations } from '../../../../core/kube/labels.ts';
import type { Autoscaler, KubeObject, ScaledObject } from '../../../../core/kube/objects.ts';
import {
  freePatch,
  holdPatch,
  scalerCopy,
  scalersOf,
  type Scaler,
} from '../../../../core/workload/capacity/scalers.ts';

const hpa = (change: Partial<KubeObject['metadata']> = {}, minReplicas = 3): Autoscaler => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'checkout', resourceVersion: '7', ...change },
  spec: { minReplicas, maxReplicas: 50, scaleTargetRef: { kind: 'Deployment', name: 'checkout-v1' } },
});

const scaledObject = (spec: Partial<ScaledObject['spec']> = {}): ScaledObject => ({
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: { name: 'checkout', resourceVersion: '8' },
  spec: { minReplicaCount: 1, maxReplicaCount: 40, scaleTargetRef: { name: 'checkout-v1' }, ...spec },
});

const heldBy = (version: string, more: object = {}): { annotations: Record<string, string> } => ({
  annotations: { [annotations.held]: JSON.stringify({ minReplicas: 3, ...more, for: version, service: 'checkout' }) },
});

const one = (autoscalers: readonly Autoscaler[], scaledObjects: readonly ScaledObject[] = []): Scaler => {
  const [scaler] = scalersOf(autoscalers, scaledObjects);
  if (scaler === undefined) throw new Error('none');
  return scaler;
};

const hold = (level: number, version = 'v2') => ({ level, version, service: 'checkout' });
const of = { mesh: 'm', namespace: 'shop', service: 'checkout', installation: 'test' };

describe('a hold', () => {
  it('raises the minimum, and remembers what it was', () => {
    expect(holdPatch(one([hpa()]), hold(30))).toMatchObject({
      metadata: { resourceVersion: '7', ...heldBy('v2') },
      spec: { minReplicas: 30 },
    });
  });

  it('goes no higher than the maximum that its owner wrote', () => {
    expect(holdPatch(one([hpa()]), hold(80))).toMatchObject({ spec: { minReplicas: 50 } });
  });

  it('is raised by a second run that needs more, which keeps the first word of what it was', () => {
    const held = one([hpa(heldBy('v2'), 30)]);
    expect(holdPatch(held, hold(45, 'v3'))).toMatchObject({ metadata: heldBy('v3'), spec: { minReplicas: 45 } });
    expect(holdPatch(held, hold(10, 'v3'))).toMatchObject({ metadata: heldBy('v3'), spec: { minReplicas: 30 } });
  });

  it('writes nothing where it is held as high', () => {
    expect(holdPatch(one([hpa(heldBy('v2'), 30)]), hold(20))).toBeNull();
  });

  it('is given back as it was', () => {
    expect(freePatch(one([hpa(heldBy('v2'), 30)]))).toMatchObject({
      metadata: { annotations: { [annotations.held]: null } },
      spec: { minReplicas: 3 },
    });
    expect(freePatch(one([hpa()]))).toBeNull();
  });
});

describe('an autoscaler of KEDA', () => {
  const made = hpa({
    name: 'keda-hpa-checkout',
    ownerReferences: [{ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'checkout', uid: 'u' }],
  });
  const labelled = hpa({ name: 'keda-hpa-checkout', labels: { 'scaledobject.keda.sh/name': 'checkout' } });

  it('is held by its ScaledObject, since KEDA writes the HorizontalPodAutoscaler anew from that', () => {
    for (const own of [made, labelled]) {
      const all = scalersOf([own], [scaledObject()]);
      expect(all.map(({ object }) => object.kind)).toEqual(['ScaledObject']);
    }
    const patch = holdPatch(one([made], [scaledObject()]), hold(30));
    expect(patch).toMatchObject({ metadata: { resourceVersion: '8' }, spec: { minReplicaCount: 30 } });
  });

  it('does not idle below its minimum while it is held, and may again afterwards', () => {
    const idling = one([], [scaledObject({ minReplicaCount: 3, idleReplicaCount: 0 })]);
    expect(holdPatch(idling, hold(30))).toMatchObject({
      metadata: heldBy('v2', { idle: 0 }),
      spec: { minReplicaCount: 30, idleReplicaCount: null },
    });
    const held = {
      ...scaledObject({ minReplicaCount: 30 }),
      metadata: { name: 'checkout', ...heldBy('v2', { idle: 0 }) },
    };
    expect(freePatch(one([], [held]))).toMatchObject({ spec: { minReplicaCount: 3, idleReplicaCount: 0 } });
  });

  it('stands for itself where its ScaledObject cannot be seen', () => {
    expect(scalersOf([made], []).map(({ object }) => object.kind)).toEqual(['HorizontalPodAutoscaler']);
  });

  it('leaves what scales no Deployment alone', () => {
    expect(scalersOf([], [scaledObject({ scaleTargetRef: { kind: 'StatefulSet', name: 'checkout-v1' } })])).toEqual([]);
  });
});

describe('the copy for a version that enters', () => {
  it('is held from its beginning at what its share needs, with the minimum of before beside it', () => {
    const copy = scalerCopy(one([hpa(heldBy('v2'), 30)]), { of, version: 'v2', level: 12 });
    expect(copy).toMatchObject({
      metadata: { name: 'checkout-v2', ...heldBy('v2') },
      spec: { minReplicas: 12, maxReplicas: 50, scaleTargetRef: { kind: 'Deployment', name: 'checkout-v2' } },
    });
  });

  it('is free where the version is proven already', () => {
    const copy = scalerCopy(one([hpa(heldBy('v2'), 30)]), { of, version: 'v2' });
    expect(copy.metadata.annotations).not.toHaveProperty([annotations.held]);
    expect(copy.spec).toMatchObject({ minReplicas: 3 });
  });

  it('of a ScaledObject does not take the name of its HorizontalPodAutoscaler', () => {
    const spec = {
      ...scaledObject({ idleReplicaCount: 0 }).spec,
      advanced: { horizontalPodAutoscalerConfig: { name: 'mine', behavior: { scaleDown: {} } } },
      triggers: [{ type: 'cron' }],
    };
    const copy = scalerCopy(one([], [{ ...scaledObject(), spec }]), { of, version: 'v2', level: 9 });
    expect(copy.spec).toEqual({
      minReplicaCount: 9,
      maxReplicaCount: 40,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout-v2' },
      advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleDown: {} } } },
      triggers: [{ type: 'cron' }],
    });
  });
});

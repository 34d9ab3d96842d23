import { describe, expect, it } from '@jest/globals';
import { isReady } from '../../../core/workload/version-deployment.ts';
import type { Deployment } from '../../../core/kube/objects.ts';

const deployment = (replicas: number, ready: number): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'checkout-v2', generation: 1 },
  spec: { replicas, selector: {}, template: { spec: { containers: [] } } },
  status: { observedGeneration: 1, updatedReplicas: ready, readyReplicas: ready },
});

describe('isReady', () => {
  it('is false for a Deployment that wants no pods: traffic would go to nobody', () => {
    expect(isReady(deployment(0, 0), 0)).toBe(false);
    expect(isReady(deployment(1, 1), 1)).toBe(true);
    expect(isReady(deployment(2, 1), 2)).toBe(false);
  });
});

import { describe, expect, it } from '@jest/globals';
import { readRecords } from '../../../activities/apply/read-records.ts';
import { standaloneActivity, systemClock } from '../../../activities/ports.ts';
import type { ResourceType } from '../../../core/kube/kinds.ts';
import { planRollout } from '../../../core/rollout/plan/versions.ts';
import { TidegateError } from '../../../core/values/error.ts';
import type { KubeCluster } from '../../../platform/kube/clusters.ts';
import { testConfig, testRead } from '../../support/facts.ts';

const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'test' };
const theirs = {
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumEnvoyConfig',
  metadata: { name: 'theirs', namespace: 'preview' },
  spec: { services: [{ name: 'checkout', namespace: 'shop' }] },
};

/** A cluster with one foreign route in another namespace, whose role may list it there or not. */
function clusterWith(mayListAll: boolean): KubeCluster {
  const list = (type: ResourceType, namespace: string | undefined) => {
    if (namespace === undefined && type.kind !== 'CiliumClusterwideEnvoyConfig' && !mayListAll)
      return Promise.reject(new TidegateError('Forbidden', 'no', { fix: 'grant it' }));
    return Promise.resolve(type.kind === theirs.kind && namespace === undefined ? [theirs] : []);
  };
  return {
    name: 'aws',
    get: () => Promise.resolve(null),
    ask: () => Promise.resolve(null),
    list,
  } as unknown as KubeCluster;
}

async function read(mayListAll: boolean) {
  const clusters = { connect: () => Promise.resolve(clusterWith(mayListAll)) };
  const activity = standaloneActivity(new AbortController().signal, 0);
  const ref = { name: 'aws', access: { kind: 'kubeconfig', path: '/kube/aws' } } as const;
  const result = await readRecords({ clusters, clock: systemClock, activity }, { service, clusters: [ref] });
  return result.clusters[0];
}

describe('objects that name the service', () => {
  it('are found in every namespace: a route from elsewhere takes its calls all the same', async () => {
    const facts = await read(true);
    expect(facts?.foreign).toEqual([expect.stringMatching(/^CiliumEnvoyConfig preview\/theirs /)]);
    expect(facts).not.toHaveProperty('unseen');
  });

  it('are looked for in its own namespace where the role allows no more, and the plan says what was not seen', async () => {
    const facts = await read(false);
    expect([facts?.unreachable, facts?.foreign]).toEqual(['', []]);
    expect(facts?.unseen).toContain('CiliumEnvoyConfigs outside of namespace shop, which the role may not list');
    const plan = planRollout({
      config: testConfig(),
      read: testRead({ 'aws-us-east-1': { unseen: facts?.unseen ?? [] } }),
      change: { kind: 'deploy', version: 'v2', image: 'registry/checkout:v2' },
    });
    expect(plan.notes[0]).toBe(
      'not seen: aws-us-east-1: CiliumEnvoyConfigs outside of namespace shop, which the role may not list',
    );
  });
});

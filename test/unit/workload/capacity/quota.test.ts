/** What a quota says before the first pod: by its name, what is asked, and what is left. */
import { describe, expect, it } from '@jest/globals';
import type { Container, LimitRange, PodTemplate, ResourceQuota } from '../../../../core/kube/objects.ts';
import { quotaFaults } from '../../../../core/workload/capacity/quota.ts';

type Amounts = Readonly<Record<string, string>>;

const quota = (hard: Amounts, used: Amounts = {}, spec: NonNullable<ResourceQuota['spec']> = {}): ResourceQuota => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'team' },
  spec,
  status: { hard, used },
});

const limitRange = (given: NonNullable<NonNullable<LimitRange['spec']>['limits']>[number]): LimitRange => ({
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name: 'defaults' },
  spec: { limits: [given] },
});

const pod = (resources: Container['resources'], change: Partial<PodTemplate['spec']> = {}): PodTemplate => ({
  spec: { containers: [{ name: 'app', ...(resources !== undefined && { resources }) }], ...change },
});

const half = pod({ requests: { cpu: '500m' } });

const faults = (template: PodTemplate, quotas: readonly ResourceQuota[], limitRanges: readonly LimitRange[] = []) =>
  quotaFaults({ pods: 30, template }, { quotas, limitRanges });

describe('a quota', () => {
  it('is named with what is asked and what is left', () => {
    expect(faults(half, [quota({ 'requests.cpu': '20' }, { 'requests.cpu': '16' })])).toEqual([
      'ResourceQuota/team: 30 more pods of 500m each ask for requests.cpu 15, and 4 of 20 are left',
    ]);
    expect(faults(half, [quota({ pods: '40' }, { pods: '31' })])).toEqual([
      'ResourceQuota/team: 30 more pods ask for pods 30, and 9 of 40 are left',
    ]);
  });

  it('that has room to the last pod says nothing', () => {
    expect(faults(half, [quota({ cpu: '20', pods: '60' }, { cpu: '5', pods: '30' })])).toEqual([]);
  });

  it('says nothing where nothing more is made', () => {
    expect(quotaFaults({ pods: 0, template: half }, { quotas: [quota({ pods: '0' })], limitRanges: [] })).toEqual([]);
  });

  it('counts a sidecar with the containers, and an init container only where it is larger', () => {
    const initContainers: Container[] = [
      { name: 'proxy', restartPolicy: 'Always', resources: { requests: { cpu: '100m' } } },
      { name: 'migrate', resources: { requests: { cpu: '200m' } } },
    ];
    const [fault] = faults(pod({ requests: { cpu: '500m' } }, { initContainers }), [quota({ 'requests.cpu': '1' })]);
    expect(fault).toContain('of 600m each ask for requests.cpu 18,');
  });

  it('takes what a container leaves out from the defaults of the namespace, and a request from its limit', () => {
    const ranges = [limitRange({ type: 'Container', default: { cpu: '2' }, defaultRequest: { cpu: '1' } })];
    const hard = quota({ 'requests.cpu': '1', 'limits.cpu': '1' });
    expect(faults(pod(undefined), [hard], ranges).map((one) => / of (\S+) each/.exec(one)?.[1])).toEqual(['1', '2']);
    expect(faults(pod({ limits: { cpu: '3' } }), [hard], ranges).map((one) => / of (\S+) each/.exec(one)?.[1])).toEqual(
      ['3', '3'],
    );
  });

  it('lets nobody in who does not name what it counts', () => {
    expect(faults(half, [quota({ 'limits.memory': '64Gi' })])).toEqual([
      'ResourceQuota/team: it counts limits.memory, so that no pod gets in which does not name it, and a container of the template names none',
    ]);
  });

  it('of other pods, or of classes that a template does not tell, is not asked', () => {
    const none = { pods: '0' };
    const others = [
      quota(none, {}, { scopes: ['Terminating'] }),
      quota(none, {}, { scopes: ['BestEffort'] }),
      quota(none, {}, { scopeSelector: { matchExpressions: [] } }),
    ];
    expect(faults(half, others)).toEqual([]);
    expect(faults(half, [quota(none, {}, { scopes: ['NotTerminating', 'NotBestEffort'] })])).toHaveLength(1);
  });
});

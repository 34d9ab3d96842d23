import { describe, expect, it } from '@jest/globals';
import type { Deployment, Service } from '../../../core/kube/objects.ts';
import { planRollout } from '../../../core/rollout/plan/versions.ts';
import { nobodyBehind, type OtherWorkload } from '../../../core/workload/nobody-behind.ts';
import { testConfig, unadopted, workload } from '../../support/facts.ts';

type Labels = Record<string, string>;

const frontend = (selector: Labels): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'checkout', namespace: 'shop' },
  spec: { selector, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
});

const template = (labels: Labels) => ({ metadata: { labels }, spec: { containers: [{ name: 'checkout' }] } });

const deployment = (name: string, labels: Labels): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'shop' },
  spec: { replicas: 3, selector: { matchLabels: labels }, template: template(labels) },
});

const other = (kind: string): OtherWorkload => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { name: 'checkout', namespace: 'shop' },
  spec: { template: template({ app: 'checkout', 'app.kubernetes.io/version': 'v1' }) },
});

const why = (selector: Labels, deployments: Deployment[], others: OtherWorkload[] = []) =>
  nobodyBehind(frontend(selector), { deployments, others });

describe('nobody behind a frontend is told by its cause', () => {
  it('a hash in the selector that Argo Rollouts left behind, with the command that takes it out', () => {
    const selector = { app: 'checkout', 'rollouts-pod-template-hash': '6c9f7d8b5' };
    const told = why(selector, [deployment('checkout', { app: 'checkout' })]);
    expect(told.why).toContain('rollouts-pod-template-hash=6c9f7d8b5, left there by Argo Rollouts');
    expect(told.fix).toContain('kubectl -n shop patch service checkout');
    expect(told.fix).toContain('/spec/selector/rollouts-pod-template-hash');
  });

  it.each(['StatefulSet', 'DaemonSet', 'Rollout'])('a %s that serves it', (kind) => {
    expect(why({ app: 'checkout' }, [], [other(kind)]).why).toContain(`${kind} checkout serves it`);
  });

  it('a Deployment that lacks a label of the selector, the nearest of several', () => {
    const selector = { app: 'checkout', tier: 'web', track: 'stable' };
    const told = why(selector, [
      deployment('far', { app: 'checkout' }),
      deployment('near', { app: 'checkout', tier: 'web', track: 'canary' }),
      deployment('stranger', { app: 'basket' }),
    ]);
    expect(told.why).toBe('Deployment near lacks track=stable of its selector');
  });

  it('nothing at all that carries its selector', () => {
    expect(why({ app: 'checkout' }, [deployment('basket', { app: 'basket' })]).why).toContain('app=checkout');
  });

  it('and a plan says it, and says of Deployments that are scaled to zero that they are', () => {
    const adopt = (read: ReturnType<typeof unadopted>) => () =>
      planRollout({ config: testConfig(), read, change: { kind: 'adopt' } });
    const nobody = { why: 'StatefulSet checkout serves it', fix: 'make it a Deployment' };
    expect(adopt(unadopted({ workloads: [], nobody }))).toThrow(
      /no running Deployment .*StatefulSet checkout serves it/,
    );
    const asleep = workload('v1', { deployment: 'checkout', managed: false, replicas: 0, ready: 0 });
    expect(adopt(unadopted({ workloads: [asleep] }))).toThrow(/checkout is scaled to zero \(scale it up first/);
  });
});

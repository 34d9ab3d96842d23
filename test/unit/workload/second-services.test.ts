import { describe, expect, it } from '@jest/globals';
import { labels } from '../../../core/kube/labels.ts';
import type { Deployment, Service } from '../../../core/kube/objects.ts';
import { secondServices } from '../../../core/workload/second-services.ts';

type Selector = Record<string, string>;

const service = (name: string, selector: Selector, change: Partial<Service['spec']> = {}, owner?: string): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'shop', ...(owner !== undefined && { labels: { [labels.owner]: owner } }) },
  spec: { selector, ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...change },
});

const deployment = (podLabels: Selector): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'checkout', namespace: 'shop' },
  spec: {
    selector: {},
    template: {
      metadata: { labels: podLabels },
      spec: { containers: [{ name: 'checkout', ports: [{ name: 'web', containerPort: 8080 }] }] },
    },
  },
});

const pod = { app: 'checkout', tier: 'web', version: 'v1', [labels.version]: 'v1' };
const frontend = service('checkout', { app: 'checkout', [labels.version]: 'v1' });
const seconds = (...some: Service[]) => secondServices(frontend, [frontend, ...some], [deployment(pod)]);

describe('a second Service', () => {
  it.each([
    ['the same selector', { app: 'checkout' }, ''],
    ['another label of the pods', { tier: 'web' }, ''],
    ['a pin', { app: 'checkout', [labels.version]: 'v1' }, 'v1'],
    ['a pin to a version that is still to come', { app: 'checkout', [labels.version]: 'v9' }, 'v9'],
    ["Tidegate's own label", { app: 'checkout', [labels.subsetVersion]: 'v1' }, 'v1'],
    ['a version label that the next version has with its own name', { app: 'checkout', version: 'v1' }, 'v1'],
  ])('by %s has the pods', (_, selector, pinned) => {
    expect(seconds(service('admin', selector))).toEqual([{ name: 'admin', pinned, serving: true }]);
  });

  it('is none by labels that the pods lack, without a selector, as an alias, or when Tidegate made it', () => {
    const others = [
      service('cart', { app: 'cart' }),
      service('narrow', { app: 'checkout', track: 'canary' }),
      service('stub', {}),
      service('alias', { app: 'checkout' }, { type: 'ExternalName' }),
      service('checkout-v1-aws', { app: 'checkout' }, {}, 'test'),
    ];
    expect(seconds(...others)).toEqual([]);
  });

  it('leads to the same port by number or by name, or, as one for metrics, to another', () => {
    const to = (name: string, targetPort: number | string) =>
      service(name, { app: 'checkout' }, { ports: [{ port: 9090, targetPort }] });
    expect(seconds(to('c', 9090), to('b', 'web'), to('a', 8080)).map((one) => [one.name, one.serving])).toEqual([
      ['a', true],
      ['b', true],
      ['c', false],
    ]);
  });

  it('is told once, whatever Deployments are behind the frontend', () => {
    const both = [deployment(pod), deployment({ ...pod, [labels.version]: 'v2' })];
    expect(secondServices(frontend, [service('admin', { app: 'checkout' })], both)).toHaveLength(1);
  });
});

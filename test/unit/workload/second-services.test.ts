import { describe, expect, it } from '@jest/globals';
import { annotations, labels } from '../../../core/kube/labels.ts';
import type { Deployment, Service } from '../../../core/kube/objects.ts';
import {
  isSibling,
  recordedFrontend,
  secondServices,
  siblingPins,
  siblingsToGiveBack,
  unansweredBy,
} from '../../../core/workload/second-services.ts';
import { record } from '../../support/facts.ts';

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
    expect(seconds(service('admin', selector))).toEqual([
      expect.objectContaining({ name: 'admin', pinned, serving: true }),
    ]);
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

  it('by a version label is pinned by a person, also over pods without the label of Tidegate', () => {
    const bare = service('checkout', { app: 'checkout' });
    const [one] = secondServices(
      bare,
      [service('v1', { app: 'checkout', version: 'v1' })],
      [deployment({ app: 'checkout', version: 'v1' })],
    );
    expect(one).toMatchObject({ pinned: 'v1' });
  });

  it('is told once, whatever Deployments are behind the frontend', () => {
    const both = [deployment(pod), deployment({ ...pod, [labels.version]: 'v2' })];
    expect(secondServices(frontend, [service('admin', { app: 'checkout' })], both)).toHaveLength(1);
  });

  it.each([
    ['the same selector', { app: 'checkout' }, {}, true],
    ['more labels than the frontend', { app: 'checkout', tier: 'web' }, {}, true],
    ['fewer labels: a pin could take pods of others away from it', { tier: 'web' }, {}, false],
    ['a pin of a person', { app: 'checkout', [labels.version]: 'v1' }, {}, false],
    ['no address of its own', { app: 'checkout' }, { clusterIP: 'None' }, false],
    ['a port of its own, as for metrics', { app: 'checkout' }, { ports: [{ port: 9090 }] }, false],
  ])('that has %s is a sibling: %j %j %s', (_, selector, change, sibling) => {
    expect(seconds(service('admin', selector, change)).map(isSibling)).toEqual([sibling]);
  });

  it('that Tidegate has pinned stays a sibling, whatever its ports are now; one under Tidegate itself is none', () => {
    const marked = pinned('admin', { app: 'checkout', [labels.version]: 'v1' }, { ports: [{ port: 9090 }] });
    expect(seconds(marked).map(isSibling)).toEqual([true]);
    const subset = service('admin-v1-aws', { app: 'checkout' }, {}, 'test');
    const own = {
      ...subset,
      metadata: { ...subset.metadata, labels: { ...subset.metadata.labels, [labels.service]: 'admin' } },
    };
    expect(seconds(service('admin', { app: 'checkout' }), own).map(isSibling)).toEqual([false]);
  });
});

const pinned = (...given: Parameters<typeof service>): Service => {
  const made = service(...given);
  return { ...made, metadata: { ...made.metadata, annotations: { [annotations.pinnedWith]: 'checkout' } } };
};

describe('the pins of siblings', () => {
  const v1 = { app: 'checkout', [labels.version]: 'v1' };
  const pinsTo = (version: string, services: readonly Service[], deployments = [deployment(pod)]) =>
    siblingPins({ frontend, services: [frontend, ...services], deployments }, version).map((one) => [
      one.sibling.metadata.name,
      one.version,
    ]);

  it('are those that differ: a new one, one that is behind, and one without its mark; none twice', () => {
    const marked = pinned('admin', v1);
    expect(pinsTo('v2', [service('new', { app: 'checkout' }), marked])).toEqual([
      ['new', 'v2'],
      ['admin', 'v2'],
    ]);
    expect(pinsTo('v1', [marked])).toEqual([]);
  });

  it('end where the Service has got other pods, and wait where no pod tells', () => {
    const strayed = pinned('admin', { app: 'cart', [labels.version]: 'v1' });
    expect(pinsTo('v2', [strayed])).toEqual([['admin', '']]);
    expect(pinsTo('v2', [strayed], [])).toEqual([]);
  });

  it('are none where no pod of the version would answer: one over other pods beside it is left, and no second one', () => {
    const canary = deployment({ app: 'checkout', track: 'canary' });
    const beside = service('canary', { app: 'checkout', track: 'canary' });
    const both = [canary, deployment(pod)];
    expect(pinsTo('v1', [beside], both)).toEqual([]);
    expect(secondServices(frontend, [beside], both)).toEqual([]);
    const v2 = deployment({ app: 'checkout', [labels.version]: 'v2' });
    const tiered = service('tiered', { app: 'checkout', tier: 'web' });
    expect(pinsTo('v1', [tiered], [v2, deployment(pod)])).toEqual([['tiered', 'v1']]);
    expect(pinsTo('v2', [tiered], [v2, deployment(pod)])).toEqual([]);
  });

  it('are looked at before a version comes: labels that its pods lack are named', () => {
    const services = [service('tiered', { app: 'checkout', tier: 'web' }), service('admin', { app: 'checkout' })];
    const all = { frontend, services, deployments: [deployment(pod)] };
    expect(unansweredBy(all, { app: 'checkout' })).toEqual(['tiered (tier=web)']);
    expect(unansweredBy(all, { app: 'checkout', tier: 'web' })).toEqual([]);
  });

  it('are given back where a Service is headless now, or has fewer labels than the frontend', () => {
    const headless = pinned('headless', v1, { clusterIP: 'None' });
    const wider = pinned('wider', { tier: 'web', [labels.version]: 'v1' });
    expect(pinsTo('v1', [headless, wider])).toEqual([
      ['headless', ''],
      ['wider', ''],
    ]);
  });

  it('are by the frontend of the record, whatever becomes of the live one', () => {
    const known = { ...record('aws', { v1: 10_000 }) };
    const kept = { ...known, frontend: { ...known.frontend, selector: { app: 'checkout' } } };
    const edited = service('checkout', { app: 'checkout', tier: 'new' });
    for (const live of [edited, null]) {
      const back = recordedFrontend(live, kept, { name: 'checkout', namespace: 'shop' });
      expect(back?.spec.selector).toEqual({ app: 'checkout' });
    }
    expect(recordedFrontend(edited, null, { name: 'checkout', namespace: 'shop' })).toBe(edited);
  });

  it('are given back after a release, once no pods of another version could be reached', () => {
    const marked = pinned('admin', v1);
    const of = (version: string, replicas: number): Deployment => {
      const made = deployment({ ...pod, [labels.version]: version });
      return { ...made, spec: { ...made.spec, replicas } };
    };
    const back = (...deployments: Deployment[]) =>
      siblingsToGiveBack('checkout', { services: [frontend, marked], deployments }).map((one) => one.metadata.name);
    expect(back(of('v1', 2), of('v2', 0))).toEqual(['admin']);
    expect(back(of('v1', 2), of('v2', 1))).toEqual([]);
    expect(siblingsToGiveBack('cart', { services: [marked], deployments: [] })).toEqual([]);
  });
});

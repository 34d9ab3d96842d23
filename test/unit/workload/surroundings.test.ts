import { describe, expect, it } from '@jest/globals';
import type { EnvoyConfig } from '../../../core/kube/objects.ts';
import {
  bypassingObjects,
  foreignObjects,
  type Ingress,
  type Route,
  type Surroundings,
} from '../../../core/workload/surroundings.ts';

const ref = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'test' };
const none: Surroundings = { routes: [], clusterwideRoutes: [], gatewayRoutes: [], ingresses: [] };

const route = (namespace: string, spec: Route['spec']): Route => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'front', namespace },
  ...(spec && { spec }),
});

const gateway = [{ name: 'public', namespace: 'infra' }];
const to = (backend: Record<string, string>) => ({
  parentRefs: gateway,
  rules: [{ backendRefs: [backend as object] }],
});

const config = (namespace: string, service: Record<string, string>, name = 'theirs', owner = ''): EnvoyConfig => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumEnvoyConfig',
  metadata: { name, namespace, labels: { 'tidegate.dev/owner': owner } },
  spec: { services: [service as { name: string }] },
});

const bypasses = (around: Partial<Surroundings>): string[] => bypassingObjects(ref, { ...none, ...around });
const foreign = (around: Partial<Surroundings>): string[] =>
  foreignObjects(ref, 'tidegate-checkout', { ...none, ...around }).map((one) => one.split(' (')[0] ?? '');

describe('a route dials the pods', () => {
  it.each([
    ['of its own namespace, which is meant when none is said', 'shop', { name: 'checkout' }, true],
    [
      'of another namespace: the same name there is another service',
      'shop',
      { name: 'checkout', namespace: 'x' },
      false,
    ],
    ['from another namespace', 'infra', { name: 'checkout', namespace: 'shop' }, true],
    ["of another namespace's own checkout", 'infra', { name: 'checkout' }, false],
    [
      'of an import of that name',
      'shop',
      { kind: 'ServiceImport', group: 'multicluster.x-k8s.io', name: 'checkout' },
      false,
    ],
  ])('%s', (_, home, backend, dials) => {
    expect(bypasses({ gatewayRoutes: [route(home, to(backend))] })).toEqual(dials ? [`HTTPRoute ${home}/front`] : []);
  });

  it('also with a mirror of its calls', () => {
    const filters = [{ requestMirror: { backendRef: { name: 'checkout', namespace: 'shop' } } }];
    const mirror = route('infra', { parentRefs: gateway, rules: [{ filters }] });
    expect(bypasses({ gatewayRoutes: [mirror] })).toEqual(['HTTPRoute infra/front']);
  });

  it('as an Ingress of its own namespace only: an Ingress names no other', () => {
    const ingress = (namespace: string): Ingress => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { name: 'web', namespace },
      spec: { defaultBackend: { service: { name: 'checkout' } } },
    });
    expect(bypasses({ ingresses: [ingress('shop'), ingress('preview')] })).toEqual(['Ingress shop/web']);
  });
});

describe('an object of others routes the Service', () => {
  const parent = (namespace?: string) => ({
    parentRefs: [{ kind: 'Service', name: 'checkout', ...(namespace !== undefined && { namespace }) }],
  });

  it.each([
    ['in its namespace', route('shop', parent()), true],
    ["another namespace's checkout", route('preview', parent()), false],
    ['from another namespace', route('preview', parent('shop')), true],
    ["in its namespace, another namespace's checkout", route('shop', parent('preview')), false],
  ])('as a mesh route: %s', (_, one, routes) => {
    expect(foreign({ gatewayRoutes: [one] })).toHaveLength(routes ? 1 : 0);
  });

  it.each([
    ['from another namespace', config('preview', { name: 'checkout', namespace: 'shop' }), true],
    ["another namespace's checkout", config('preview', { name: 'checkout' }), false],
    [
      'from another namespace, by the name of our own',
      config('preview', { name: 'checkout', namespace: 'shop' }, 'tidegate-checkout', 'test'),
      true,
    ],
    [
      "another namespace's own route of Tidegate",
      config('preview', { name: 'checkout' }, 'tidegate-checkout', 'test'),
      false,
    ],
    ['our own', config('shop', { name: 'checkout' }, 'tidegate-checkout', 'test'), false],
    ['one in the place of our own', config('shop', { name: 'cart' }, 'tidegate-checkout'), true],
  ])('as a CiliumEnvoyConfig: %s', (_, one, routes) => {
    expect(foreign({ routes: [one] })).toHaveLength(routes ? 1 : 0);
  });

  it('as a cluster-wide one, where a name alone means namespace default', () => {
    const wide = (service: Record<string, string>): EnvoyConfig => {
      const { spec, ...rest } = config('x', service);
      return { ...rest, kind: 'CiliumClusterwideEnvoyConfig', metadata: { name: 'wide' }, ...(spec && { spec }) };
    };
    const around = [wide({ name: 'checkout', namespace: 'shop' }), wide({ name: 'checkout' })];
    expect(foreign({ clusterwideRoutes: around })).toEqual(['CiliumClusterwideEnvoyConfig wide']);
  });
});

import { describe, expect, it } from '@jest/globals';
import type { Manifest } from '../../../core/kube/objects.ts';
import { checkCec } from '../../../core/render/cilium-envoy/check/check.ts';
import { desiredObjects } from '../../../core/render/render.ts';
import { edited, fieldPaths, renamed, type Path } from '../routing/edits.ts';
import { canary } from '../routing/records.ts';

const good = desiredObjects(canary, { redirect: true }).at(-1) as Manifest;

const frontend = { ...canary.frontend, protocol: 'grpc' } as const;
const grpc = desiredObjects({ ...canary, frontend }, { redirect: true }).at(-1) as Manifest;

const listener: Path = ['spec', 'resources', 0];
const manager: Path = [...listener, 'filter_chains', 0, 'filters', 0, 'typed_config'];
const routes: Path = ['spec', 'resources', 1];
const targets: Path = [...routes, 'virtual_hosts', 0, 'routes', 0, 'route', 'weighted_clusters', 'clusters'];
const cluster: Path = ['spec', 'resources', 2];

const problemsAfter = (path: Path, change: (old: unknown) => unknown): string[] =>
  checkCec(edited(good, path, change)).map((one) => `${one.path}: ${one.reason}`);

const to = (value: unknown) => (): unknown => value;
const without = to(undefined);

describe('checkCec', () => {
  it('finds every misspelt field, since Cilium drops the whole resource for one and says nothing', () => {
    for (const one of [good, grpc]) {
      expect(checkCec(one)).toEqual([]);
      for (const path of fieldPaths(one.spec)) {
        const bad = { ...one, spec: renamed(one.spec, path, `${String(path.at(-1))}x`) };
        expect(checkCec(bad)).not.toEqual([]);
      }
    }
  });

  it('finds every field of the wrong type', () => {
    for (const path of fieldPaths(good.spec)) {
      expect(checkCec({ ...good, spec: edited(good.spec, path, to(true)) })).toEqual(
        typeof path.reduce<unknown>((value, key) => (value as never)[key], good.spec) === 'boolean'
          ? []
          : expect.arrayContaining([expect.anything()]),
      );
    }
  });

  it.each<[string, Path, (old: unknown) => unknown, string]>([
    ['an unknown field', [...cluster, 'bogus'], to(1), 'spec.resources[2].bogus: unknown field'],
    [
      'an unknown resource',
      [...cluster, '@type'],
      to('type.googleapis.com/envoy.config.bootstrap.v3.Bootstrap'),
      'spec.resources[2]["@type"]: envoy.config.bootstrap.v3.Bootstrap is not known',
    ],
    ['a resource without type', [...cluster, '@type'], without, 'spec.resources[2]["@type"]: missing'],
    [
      'a Secret',
      [...cluster, '@type'],
      to('type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret'),
      'is not a resource that Tidegate renders',
    ],
    [
      'a filter that cilium-envoy lacks',
      [...manager, 'http_filters', 0, 'name'],
      to('envoy.filters.http.lua'),
      'http_filters[0].name: not every cilium-envoy is built with envoy.filters.http.lua',
    ],
    ['a tracer', [...manager, 'tracing'], to({}), 'typed_config.tracing: unknown field'],
    [
      'a route to a missing cluster',
      [...targets, 0, 'name'],
      to('nowhere'),
      'clusters[0].name: no Cluster is named nowhere',
    ],
    ['no weights', targets, to([]), 'weighted_clusters.clusters: must not be empty'],
    [
      'weights that sum to 0',
      targets,
      (old) => (old as object[]).map((one) => ({ ...one, weight: 0 })),
      'the weights sum to 0',
    ],
    ['weights beyond what Envoy counts', [...targets, 0, 'weight'], to(4_294_967_295), 'sum to more than'],
    ['a negative weight', [...targets, 0, 'weight'], to(-1), 'weight: must be an integer from 0'],
    ['no listener in services', ['spec', 'services', 0, 'listener'], without, 'spec.services[0].listener: missing'],
    [
      'a listener that is not there',
      ['spec', 'services', 0, 'listener'],
      to('other'),
      'spec.services[0].listener: no Listener is named other: calls would bypass Envoy',
    ],
    ['the listener removed', ['spec', 'resources'], (old) => (old as unknown[]).slice(1), 'calls would bypass Envoy'],
    ['no ports', ['spec', 'services', 0, 'ports'], to([]), 'spec.services[0].ports: must not be empty'],
    ['ports as text', ['spec', 'services', 0, 'ports'], to(['8080']), 'spec.services[0].ports[0]: must be an integer'],
    ['no number', ['spec', 'backendServices', 0, 'number'], without, 'spec.backendServices[0].number: missing'],
    ['a number as integer', ['spec', 'backendServices', 0, 'number'], to([8080]), 'number[0]: must be a text'],
    ['no service name', [...cluster, 'eds_cluster_config', 'service_name'], without, 'service_name: missing'],
    [
      'a service name without endpoints',
      [...cluster, 'eds_cluster_config', 'service_name'],
      to('shop/checkout'),
      'so it would have no endpoints',
    ],
    [
      'a stat name that Envoy cuts',
      [...cluster, 'alt_stat_name'],
      to('shop.checkout'),
      'alt_stat_name: must have no dot',
    ],
    [
      'two clusters of one name',
      ['spec', 'resources'],
      (old) => [...(old as unknown[]), (old as unknown[])[2]],
      'spec.resources[5]:',
    ],
    ['a cluster twice in a route', targets, (old) => [...(old as unknown[]), (old as unknown[])[0]], 'is there twice'],
    [
      'a route configuration that is not there',
      [...manager, 'rds', 'route_config_name'],
      to('other'),
      'no RouteConfiguration is named other',
    ],
    [
      'a filter behind the router',
      [...manager, 'http_filters'],
      (old) => [...(old as unknown[]), { name: 'envoy.filters.http.rbac', typed_config: { '@type': 'x' } }],
      'http_filters[1].typed_config["@type"]: x is not known',
    ],
    [
      'a name with a slash',
      [...cluster, 'name'],
      to('shop/v1'),
      'spec.resources[2].name: shop/v1 must not contain "/"',
    ],
    ['no resources', ['spec', 'resources'], without, 'spec.resources: missing'],
    ['no spec', ['spec'], without, 'spec: missing'],
    ['another kind', ['kind'], to('CiliumClusterwideEnvoyConfig'), 'kind: must be CiliumEnvoyConfig'],
  ])('reports %s with the path of the field', (_, path, change, expected) => {
    expect(problemsAfter(path, change)).toContainEqual(expect.stringContaining(expected));
  });

  it('reports all problems, not the first', () => {
    const bad = edited(edited(good, [...cluster, 'bogus'], to(1)), ['spec', 'services', 0, 'ports'], without);
    expect(checkCec(bad)).toHaveLength(2);
  });
});

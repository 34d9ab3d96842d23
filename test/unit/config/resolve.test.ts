import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { TidegateError } from '../../../core/values/error.ts';
import { parseConfig } from '../../../core/config/parse.ts';
import { formatProblem } from '../../../core/config/problem.ts';
import { type ResolvedConfig, type ServiceQuery, resolveMesh, resolveService } from '../../../core/config/resolve.ts';
import type { ConfigFile } from '../../../core/config/source.ts';
import { pathFrom } from '../../../core/config/template.ts';
import { meshText, serviceText, sloText } from './documents.ts';
import type { ServiceConfig } from '../../../core/config/types.ts';

const checked = (texts: readonly string[], more: readonly ConfigFile[] = []) => {
  const files = texts.map((text, index) => ({ path: `config/${String(index)}.yaml`, text }));
  const parsed = parseConfig([...files, ...more]);
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.config;
};

const resolved = (service: string, query: ServiceQuery = { service: 'checkout' }): ResolvedConfig =>
  resolveService(checked([meshText, service]), query);

const refusal = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof TidegateError) return `${error.code}: ${error.message} (${error.fix})`;
    throw error;
  }
  return 'nothing was thrown';
};

const wave = (clusters: string): string => `      - clusters: ${clusters}\n        steps: [{ share: 100, bake: 1m }]\n`;
const clustersOf = (waves: string, topology = ''): (readonly string[])[] =>
  resolved(serviceText(`${topology}  rollout:\n    waves:\n${waves}`)).service.waves.map(({ clusters }) => clusters);

describe('resolveService', () => {
  it('gives the list of probe routes to the SLOs of the pods alone: Envoy counts by no route', () => {
    const probeRoutes = ['/internal/ready'];
    const { slos } = resolved(serviceText('  probeRoutes: [/internal/ready]\n')).service;
    expect(slos).toMatchObject([{ source: 'server', probeRoutes }, { source: 'envoy' }]);
    expect(slos[1]).not.toHaveProperty('probeRoutes');
    expect(resolved(serviceText()).service.slos[0]).not.toHaveProperty('probeRoutes');
  });

  it('takes testers, sticky users and an idle time as they are asked for, a header in small letters', () => {
    const asked = (body: string): Pick<ServiceConfig, 'testers' | 'sticky' | 'policy'> =>
      resolved(serviceText(body)).service;
    expect(asked('  testers: { header: { name: X-Canary, value: Always } }\n').testers).toEqual({
      header: 'x-canary',
      value: 'Always',
    });
    expect(asked('  testers: { cookie: { name: Canary, value: a } }\n').testers).toEqual({
      cookie: 'Canary',
      value: 'a',
    });
    expect(asked('  sticky: {}\n').sticky).toEqual({ cookie: 'tidegate-checkout', ttlMs: 86_400_000 });
    expect(asked('  sticky: { cookie: arm, ttl: 1h, keeps: new }\n').sticky).toEqual({
      ...{ cookie: 'arm', ttlMs: 3_600_000, keeps: 'new' },
    });
    expect(asked('  policy: { idleTimeout: 90s }\n').policy).toMatchObject({
      requestTimeoutMs: 0,
      idleTimeoutMs: 90_000,
    });
  });

  it('completes a service that says nothing but its mesh', () => {
    const { service } = resolved(serviceText());
    expect(service).toEqual({
      name: 'checkout',
      namespace: 'shop',
      mesh: 'shop',
      port: '',
      workload: 'managed',
      topology: null,
      policy: { requestTimeoutMs: 0, upstreamIdleMs: 4000, connectTimeoutMs: 1000 },
      waves: [
        { name: 'first', clusters: ['aws-us-east-1'], steps: expect.anything() },
        { name: 'rest', clusters: ['gcp-europe-west1', 'onprem-fra1'], steps: expect.anything() },
      ],
      adoptBakeMs: 30_000,
      progressDeadlineMs: 600_000,
      warmUpMs: 60_000,
      warmMs: 3_600_000,
      maxUnknownMs: 1_800_000,
      onBreach: 'all',
      capacity: 'full',
      drainMs: 30_000,
      drift: 'repair',
      slos: [
        { name: 'server-errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 },
        { name: 'envoy-errors', source: 'envoy', indicator: { kind: 'errors' }, target: 0.99 },
      ],
      judge: {
        type: 'sequential',
        pollMs: 2000,
        alpha: 0.01,
        beta: 0.05,
        minRequests: 30,
        healthyBy: 'either',
      },
    });
    expect(service.waves[0]?.steps).toEqual([
      { share: 50_000, bakeMs: 120_000, approve: false },
      { share: 250_000, bakeMs: 300_000, approve: false },
      { share: 1_000_000, bakeMs: 300_000, approve: false },
    ]);
  });

  it('turns percent into exact parts per million, or shares would not sum', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999_999 }), (ppm) => {
        const steps = `[{ share: ${String(ppm / 10_000)}, bake: 1m }, { share: 100, bake: 1m }]`;
        const { service } = resolved(
          serviceText(`  rollout:\n    waves:\n      - { clusters: rest, steps: ${steps} }\n`),
        );
        expect(service.waves[0]?.steps[0]?.share).toBe(ppm);
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  it("selects a wave's clusters by name, cloud, region and labels, in the mesh's order", () => {
    expect(clustersOf(wave('{ names: [onprem-fra1, aws-us-east-1] }') + wave('rest'))).toEqual([
      ['aws-us-east-1', 'onprem-fra1'],
      ['gcp-europe-west1'],
    ]);
    expect(clustersOf(wave('rest') + wave('{ match: { cloud: gcp, region: europe-west1 } }'))).toEqual([
      ['aws-us-east-1', 'onprem-fra1'],
      ['gcp-europe-west1'],
    ]);
    expect(clustersOf(wave('{ match: { labels: { tier: canary } } }') + wave('rest'))[0]).toEqual(['aws-us-east-1']);
  });

  it('lets a wave leave out clusters that nobody routes to, and only these', () => {
    const topology = '  topology:\n    aws-us-east-1: { gcp-europe-west1: 100 }\n';
    expect(clustersOf(wave('{ names: [gcp-europe-west1, onprem-fra1] }'), topology)).toHaveLength(1);
    expect(() => clustersOf(wave('{ names: [gcp-europe-west1] }'), topology)).toThrow(
      'clusters in no wave: onprem-fra1',
    );
  });

  it('starts default waves at a cluster that serves, since a step that reaches nobody proves nothing', () => {
    const { service } = resolved(serviceText('  topology:\n    aws-us-east-1: { gcp-europe-west1: 100 }\n'));
    expect(service.waves[0]?.clusters).toEqual(['gcp-europe-west1']);
    expect(service.waves[1]?.clusters).toEqual(['aws-us-east-1', 'onprem-fra1']);
    expect(service.topology?.['onprem-fra1']).toEqual({ 'onprem-fra1': 1_000_000 });
  });

  it('makes one objective of each OpenSLO objective', () => {
    const { service } = resolved(
      sloText(`- name: latency
  indicator: { thresholdMetric: { metricSource: { type: opentelemetry-http-server } } }
  objectives: [{ target: 0.9, op: lte, value: 0.1 }, { target: 0.99, op: lte, value: 1 }]
- name: errors
  indicator:
    ratioMetric:
      bad: { metricSource: { type: envoy-cluster } }
      total: { metricSource: { type: envoy-cluster } }
  objectives: [{ target: 0.999 }]`),
    );
    expect(service.slos).toEqual([
      { name: 'latency-0.9-0.1s', source: 'server', indicator: { kind: 'latency', thresholdS: 0.1 }, target: 0.9 },
      { name: 'latency-0.99-1s', source: 'server', indicator: { kind: 'latency', thresholdS: 1 }, target: 0.99 },
      { name: 'errors', source: 'envoy', indicator: { kind: 'errors' }, target: 0.999 },
    ]);
  });

  it('knows RPC servers and latency as Envoy measures it, and what tells tenants apart', () => {
    const service = sloText(`- name: calls
  indicator:
    ratioMetric:
      bad: { metricSource: { type: opentelemetry-rpc-server } }
      total: { metricSource: { type: opentelemetry-rpc-server } }
  objectives: [{ target: 0.999 }]
- name: calls-fast
  indicator: { thresholdMetric: { metricSource: { type: opentelemetry-rpc-server } } }
  objectives: [{ target: 0.9, op: lte, value: 0.75 }]
- name: fast
  indicator: { thresholdMetric: { metricSource: { type: envoy-cluster } } }
  objectives: [{ target: 0.9, op: lte, value: 30 }]`);
    const tenants = '9090\n      tenant: team-shop|team-bank\n      tenantHeader: THANOS-TENANT';
    const config = resolveService(checked([meshText.replace('9090', tenants), service]), { service: 'checkout' });
    expect(config.service.slos).toEqual([
      { name: 'calls', source: 'server', protocol: 'rpc', indicator: { kind: 'errors' }, target: 0.999 },
      {
        name: 'calls-fast',
        source: 'server',
        protocol: 'rpc',
        indicator: { kind: 'latency', thresholdS: 0.75 },
        target: 0.9,
      },
      { name: 'fast', source: 'envoy', indicator: { kind: 'latency', thresholdS: 30 }, target: 0.9 },
    ]);
    expect(config.mesh.metrics).toEqual({
      url: 'http://prometheus:9090',
      tenant: 'team-shop|team-bank',
      tenantHeader: 'THANOS-TENANT',
    });
  });

  it('judges a port of gRPC by its status, and takes the codes that are bad from the SLO', () => {
    const { service } = resolved(serviceText('  protocol: grpc\n'));
    expect(service.protocol).toBe('grpc');
    expect(service.slos).toEqual([
      { name: 'server-errors', source: 'server', protocol: 'rpc', indicator: { kind: 'errors' }, target: 0.99 },
      { name: 'grpc-errors', source: 'envoy', protocol: 'rpc', indicator: { kind: 'errors' }, target: 0.99 },
      { name: 'envoy-errors', source: 'envoy', indicator: { kind: 'errors' }, target: 0.99 },
    ]);
    expect(resolved(serviceText()).service).not.toHaveProperty('protocol');
    const own = sloText(`- name: payments
  indicator:
    ratioMetric:
      bad: { metricSource: { type: envoy-cluster-grpc, spec: { codes: [INTERNAL, ABORTED] } } }
      total: { metricSource: { type: envoy-cluster-grpc } }
  objectives: [{ target: 0.999 }]`);
    expect(resolved(own).service.slos).toEqual([
      {
        ...{ name: 'payments', source: 'envoy', protocol: 'rpc', indicator: { kind: 'errors' }, target: 0.999 },
        badCodes: ['INTERNAL', 'ABORTED'],
      },
    ]);
  });

  it('completes each type of judge with its own defaults, and keeps limits that are left out apart from 0', () => {
    const judge = (text: string) => resolved(serviceText(`  judge: ${text}\n`)).service.judge;
    expect(judge('{ type: threshold, interval: 1m, poll: 10s, window: 1m, inconclusiveLimit: 0 }')).toEqual({
      type: 'threshold',
      pollMs: 10_000,
      intervalMs: 60_000,
      windowMs: 60_000,
      minRequests: 20,
      minBad: 3,
      alpha: 1e-4,
      failureLimit: 0,
      inconclusiveLimit: 0,
    });
    expect(judge('{ type: kayenta, effectSize: { measure: cles, allowedIncrease: 0.8 } }')).toEqual({
      type: 'kayenta',
      pollMs: 10_000,
      intervalMs: 60_000,
      analysisIntervalMs: 300_000,
      minPoints: 5,
      direction: 'increase',
      nanStrategy: 'remove',
      outliers: { strategy: 'keep', factor: 3 },
      effectSize: { measure: 'cles', allowedIncrease: 0.8, allowedDecrease: 0.5 },
      scores: { pass: 95, marginal: 75 },
    });
    expect(judge('{ type: sequential, poll: 5s }')).toMatchObject({ type: 'sequential', pollMs: 5000 });
  });

  it('lets an SLO name its own judge, and others that run in its shadow', () => {
    const [errors] = resolved(
      sloText(`- name: errors
  indicator:
    ratioMetric:
      bad: { metricSource: { type: envoy-cluster } }
      total: { metricSource: { type: envoy-cluster } }
  objectives: [{ target: 0.999 }]
  judge: { type: sequential }
  shadow: [{ type: kayenta }, { type: threshold, window: 1m }]`),
    ).service.slos;
    expect(errors?.judge?.type).toBe('sequential');
    expect(errors?.shadow?.map(({ type }) => type)).toEqual(['kayenta', 'threshold']);
  });

  it('takes the OTLP receiver of the worker for the place of the metrics', () => {
    const mesh = meshText.replace(/prometheus:\n.*\n/, 'otlp: {}\n');
    expect(resolveService(checked([mesh, serviceText()]), { service: 'checkout' }).mesh.metrics).toEqual({
      kind: 'otlp',
    });
  });

  it('gives the same digest input for another order of keys and files, and another one for another value', () => {
    const reordered = serviceText('  rollout: { drain: 31s, warm: 2h }\n');
    const ordered = serviceText('  rollout: { warm: 2h, drain: 31s }\n');
    const { digestInput } = resolved(ordered);
    expect(resolved(reordered).digestInput).toBe(digestInput);
    expect(resolveService(checked([ordered, meshText]), { service: 'checkout' }).digestInput).toBe(digestInput);
    expect(resolved(serviceText('  rollout: { warm: 2h, drain: 32s }\n')).digestInput).not.toBe(digestInput);
  });

  it('refuses what is not there, and names what is', () => {
    const config = checked([meshText, serviceText(), serviceText().replace('namespace: shop', 'namespace: test')]);
    const ask = (query: ServiceQuery): string => refusal(() => resolveService(config, query));
    expect(ask({ service: 'chekout' })).toBe(
      'Invalid: there is no Service document for chekout (did you mean checkout?)',
    );
    expect(ask({ service: 'checkout', namespace: 'tset' })).toBe(
      'Invalid: there is no Service document for tset/checkout (did you mean test/checkout?)',
    );
    expect(ask({ service: 'checkout' })).toBe(
      'Invalid: several services are named checkout: shop/checkout, test/checkout (name the namespace too)',
    );
    expect(ask({ service: 'checkout', namespace: 'shop', mesh: 'sho' })).toBe(
      'Invalid: service shop/checkout is in mesh shop, not in sho (ask for mesh shop)',
    );
    expect(refusal(() => resolveMesh(config, 'shpo'))).toBe(
      'Invalid: there is no Mesh named shpo (did you mean shop?)',
    );
  });
});

describe('templates', () => {
  const deployment = 'kind: Deployment\nspec:\n  template:\n    spec: { containers: [{ name: a, image: b }] }\n';
  const service = serviceText('  template: work/a.yaml\n');

  it('takes the pod template of a Deployment that lies among the config files, and does not read it as config', () => {
    const config = checked([meshText, service], [{ path: 'config/work/a.yaml', text: deployment }]);
    expect(resolveService(config, { service: 'checkout' }).service.podTemplate).toEqual({
      spec: { containers: [{ name: 'a', image: 'b' }] },
    });
  });

  it.each([
    ['kind: Pod\n', 'config/work/a.yaml has no Deployment or PodTemplate'],
    [`${deployment}---\n${deployment}`, 'config/work/a.yaml has more than one Deployment or PodTemplate'],
    ['kind: PodTemplate\ntemplate: { spec: {} }\n', 'config/work/a.yaml has no containers in its template.spec'],
    ['kind: [\n', 'config/work/a.yaml:2: broken YAML'],
  ])('refuses %j as a template', (text, reason) => {
    expect(() => checked([meshText, service], [{ path: 'config/work/a.yaml', text }])).toThrow(
      `config/1.yaml:6: spec.template: ${reason}`,
    );
  });

  it('resolves relative paths as a shell does', () => {
    expect(pathFrom('a/b/c.yaml', './d.yaml')).toBe('a/b/d.yaml');
    expect(pathFrom('a/b/c.yaml', '../d.yaml')).toBe('a/d.yaml');
    expect(pathFrom('c.yaml', '../d.yaml')).toBe('../d.yaml');
    expect(pathFrom('/c.yaml', 'd.yaml')).toBe('/d.yaml');
    expect(pathFrom('a/c.yaml', '/d.yaml')).toBe('/d.yaml');
  });
});

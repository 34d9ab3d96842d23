/** A service as a user runs it before Tidegate comes, and the parts that controllers would play. */
import type { Clock, KubeDeps } from '../../../activities/ports.ts';
import { annotations } from '../../../core/kube/labels.ts';
import type { Deployment, EnvoyConfig, Service } from '../../../core/kube/objects.ts';
import { cecName, deploymentName, subsetName } from '../../../core/routing/names.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import type { ServiceRef } from '../../../core/routing/service-ref.ts';
import { givenClusters } from '../../support/given-clusters.ts';
import type { Clusters } from '../../../platform/kube/clusters.ts';
import type { TestCluster } from '../../support/api-server.ts';

const selector = { app: 'checkout' };

export const WHOLE = 1_000_000;

const serviceIn = (namespace: string): ServiceRef => ({
  mesh: 'shop',
  namespace,
  service: 'checkout',
  installation: 'test',
});

export const initial = {
  frontend: { portName: 'http', port: 8080, targetPort: 8080, selector },
  policy: { requestTimeoutMs: 0, upstreamIdleMs: 4_000, connectTimeoutMs: 1_000 },
};

export interface Shop {
  readonly service: ServiceRef;
  readonly cluster: TestCluster;
  readonly deployment: (name: string) => Promise<Deployment>;
  readonly frontend: () => Promise<Service>;
  readonly route: () => Promise<EnvoyConfig>;
  readonly record: () => Promise<RoutingRecord>;
  /** Names of the kind's objects in the namespace, sorted. */
  readonly list: (kind: keyof typeof folders) => Promise<string[]>;
  /** What Deployment and EndpointSlice controllers would write: `ready` pods of the version. */
  readonly makeReady: (version: string, ready: number) => Promise<void>;
  readonly path: (kind: keyof typeof folders, name?: string) => string;
}

export const folders = {
  Service: ['/api/v1', 'services'],
  Deployment: ['/apis/apps/v1', 'deployments'],
  EndpointSlice: ['/apis/discovery.k8s.io/v1', 'endpointslices'],
  HorizontalPodAutoscaler: ['/apis/autoscaling/v2', 'horizontalpodautoscalers'],
  ResourceQuota: ['/api/v1', 'resourcequotas'],
  ScaledObject: ['/apis/keda.sh/v1alpha1', 'scaledobjects'],
  PodDisruptionBudget: ['/apis/policy/v1', 'poddisruptionbudgets'],
  CiliumEnvoyConfig: ['/apis/cilium.io/v2', 'ciliumenvoyconfigs'],
  Ingress: ['/apis/networking.k8s.io/v1', 'ingresses'],
} as const;

/** Service and Deployment `checkout` (v1, 2 pods, ready) as kubectl apply would have made them. */
export async function createShop(cluster: TestCluster, namespace: string): Promise<Shop> {
  const service = serviceIn(namespace);
  const { admin } = cluster;
  const path: Shop['path'] = (kind, name) => {
    const [root, plural] = folders[kind];
    return `${root}/namespaces/${namespace}/${plural}${name === undefined ? '' : `/${name}`}`;
  };
  await admin.create(path('Service'), frontendObject(namespace));
  await admin.create(path('Deployment'), originalObject(namespace));
  const shop: Shop = {
    service,
    cluster,
    path,
    deployment: (name) => admin.get<Deployment>(path('Deployment', name)),
    frontend: () => admin.get<Service>(path('Service', 'checkout')),
    route: () => admin.get<EnvoyConfig>(path('CiliumEnvoyConfig', cecName('checkout'))),
    async record() {
      const route = await shop.route();
      return JSON.parse(route.metadata.annotations?.[annotations.record] ?? 'null') as RoutingRecord;
    },
    async list(kind) {
      const { items } = await admin.get<{ items: { metadata: { name: string } }[] }>(path(kind));
      return items.map((one) => one.metadata.name).sort();
    },
    async makeReady(version, ready) {
      await setStatus(shop, deploymentName('checkout', version), ready);
      await setEndpoints(shop, version, ready);
    },
  };
  await setStatus(shop, 'checkout', 2);
  return shop;
}

async function setStatus({ cluster, path, deployment }: Shop, name: string, ready: number): Promise<void> {
  const { metadata, spec } = await deployment(name);
  const status = {
    observedGeneration: metadata.generation,
    replicas: spec.replicas,
    updatedReplicas: spec.replicas,
    readyReplicas: ready,
    availableReplicas: ready,
  };
  await cluster.admin.merge(`${path('Deployment', name)}/status`, { status });
}

async function setEndpoints({ cluster, path, service }: Shop, version: string, ready: number): Promise<void> {
  const { namespace } = service;
  const name = subsetName({ namespace, service: 'checkout', version, cluster: cluster.ref.name });
  await cluster.admin.apply(path('EndpointSlice', name), {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    endpoints: Array.from({ length: ready }, (_, i) => ({
      addresses: [`10.1.0.${String(10 + i)}`],
      conditions: { ready: true, serving: true, terminating: false },
    })),
  });
}

const frontendObject = (namespace: string): unknown => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'checkout', namespace },
  spec: { selector, ports: [{ name: 'http', port: 8080, targetPort: 8080 }] },
});

const originalObject = (namespace: string): unknown => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'checkout',
    namespace,
    labels: { 'app.kubernetes.io/instance': 'argo-app' },
    annotations: { 'argocd.argoproj.io/tracking-id': 'shop:apps/Deployment:checkout' },
  },
  spec: {
    replicas: 2,
    selector: { matchLabels: selector },
    template: {
      metadata: {
        labels: { ...selector, 'app.kubernetes.io/version': 'v1' },
        annotations: { 'kubectl.kubernetes.io/restartedAt': '2026-01-01T00:00:00Z' },
      },
      spec: {
        containers: [
          {
            name: 'checkout',
            image: 'registry.lab/checkout:v1',
            ports: [{ containerPort: 8080 }],
            env: [{ name: 'OTEL_RESOURCE_ATTRIBUTES', value: 'service.name=checkout,service.version=v1,team=a' }],
            resources: { requests: { cpu: '1000m' } },
          },
        ],
      },
    },
  },
});

export interface TestDeps extends KubeDeps {
  readonly heartbeats: unknown[];
  /** Runs whenever an activity waits; time passes by what it waits for, and no test sleeps. */
  onSleep(hook: () => Promise<void>): void;
  cancel(): void;
}

export function testDeps(clusters: Clusters): TestDeps {
  let now = Date.parse('2026-11-23T00:00:00Z');
  let hook = (): Promise<void> => Promise.resolve();
  const startedAtMs = now;
  const controller = new AbortController();
  const heartbeats: unknown[] = [];
  const clock: Clock = {
    nowMs: () => now,
    async sleep(ms, signal) {
      await hook();
      signal.throwIfAborted();
      now += ms;
    },
  };
  return {
    clusters: givenClusters(clusters),
    clock,
    heartbeats,
    activity: {
      signal: () => controller.signal,
      heartbeat: (progress) => heartbeats.push(progress),
      scheduledAtMs: () => startedAtMs,
      runId: () => null,
      isOver: () => Promise.resolve(false),
      supersedes: () => Promise.resolve(false),
    },
    onSleep: (next) => (hook = next),
    cancel: () => controller.abort(new Error('cancelled')),
  };
}

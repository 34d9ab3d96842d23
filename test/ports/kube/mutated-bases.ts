/** What mutations start from: a shop before its adoption and after it, as real API servers have it. */
import type { KubeObject } from '../../../core/kube/objects.ts';
import { KubeStatusError } from '../../../infra/lab/api/kube-client.ts';
import type { Clusters } from '../../../platform/kube/clusters.ts';
import { createNamespace, type TestClusters } from '../../support/api-server.ts';
import { present } from '../../../core/values/json.ts';
import { testConfig } from '../../support/facts.ts';
import type { Base } from '../../support/mutated-plans.ts';
import { adopt, createScene } from './scenes.ts';
import { folders, type Shop } from './shop.ts';

/** Where objects are tried. */
const BLANK = 'mutated-blank';

export async function basesOf(
  kind: 'adopt' | 'deploy',
  given: { servers: TestClusters; clusters: Clusters },
): Promise<Base> {
  const namespace = `mutated-${kind}`;
  const scene = await createScene(given, namespace);
  const { aws } = scene;
  await createNamespace(given.servers, BLANK);
  await addOthers(aws, namespace);
  if (kind === 'deploy') await adopt(scene);
  const { mesh, service } = testConfig();
  const [first] = mesh.clusters;
  if (first === undefined) throw new Error('no cluster');
  return {
    config: {
      digest: 'digest',
      mesh: { ...mesh, installation: scene.service.installation, clusters: [{ ...first, ref: aws.cluster.ref }] },
      service: {
        ...service,
        namespace,
        waves: [{ name: 'all', clusters: ['aws'], steps: [{ share: 1_000_000, bakeMs: 10_000, approve: false }] }],
      },
    },
    objects: await objectsOf(aws, namespace),
    change: kind === 'adopt' ? { kind, version: 'v1' } : { kind, version: 'v2', image: 'registry.lab/checkout:v2' },
    server: given.clusters.connect(aws.cluster.ref, { dryRun: true }),
    stored: (object) => storedAs(aws, object),
  };
}

/** Asked of the API server, in a namespace of its own: with defaults, and without what its kind does not have. */
async function storedAs({ cluster: { admin } }: Shop, object: KubeObject): Promise<KubeObject | null> {
  const folder = folders[object.kind as keyof typeof folders];
  // The CRDs of Gateway API are not installed here.
  if (folder === undefined) return object;
  const [root, plural] = folder;
  const { metadata, status, ...rest } = object;
  const { labels, annotations, name } = metadata;
  const body = {
    ...rest,
    ...withoutAddresses(object),
    metadata: { name, namespace: BLANK, ...present({ labels, annotations }) },
  };
  try {
    const path = `${root}/namespaces/${BLANK}/${plural}?dryRun=All`;
    const { metadata: answered, ...stored } = await admin.create<KubeObject>(path, body);
    const { labels: _, annotations: __, ...own } = metadata;
    const said = present({ labels: answered.labels, annotations: answered.annotations });
    return { ...stored, metadata: { ...own, ...said }, ...present({ status }) };
  } catch (error) {
    if (error instanceof KubeStatusError && [400, 422, 500].includes(error.status)) return null;
    throw error;
  }
}

/** Addresses of a Service are given out once. */
function withoutAddresses({ kind, spec }: KubeObject): { spec?: unknown } {
  if (kind !== 'Service' || typeof spec !== 'object' || spec === null) return {};
  const { clusterIP, clusterIPs: _, ...others } = spec as { clusterIP?: unknown; clusterIPs?: unknown };
  return { spec: clusterIP === 'None' ? { ...others, clusterIP } : others };
}

const kinds = [
  'Service',
  'Deployment',
  'EndpointSlice',
  'HorizontalPodAutoscaler',
  'PodDisruptionBudget',
  'CiliumEnvoyConfig',
] as const;

/** Items of a list come without kind and apiVersion. */
async function objectsOf(shop: Shop, namespace: string): Promise<KubeObject[]> {
  const lists = await Promise.all(
    kinds.map(async (kind) => {
      const { items, apiVersion } = await shop.cluster.admin.get<{ items: KubeObject[]; apiVersion: string }>(
        shop.path(kind),
      );
      return items.map((one) => ({ ...one, apiVersion, kind }));
    }),
  );
  const route: KubeObject = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'shop', namespace },
    spec: { parentRefs: [{ name: 'gateway' }], rules: [{ backendRefs: [{ name: 'other', port: 80 }] }] },
  };
  return [...lists.flat(), route] as KubeObject[];
}

/** What stands beside a service in most namespaces. */
async function addOthers({ cluster: { admin }, path }: Shop, namespace: string): Promise<void> {
  await admin.create(path('Service'), {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'basket', namespace },
    spec: { selector: { app: 'basket' }, ports: [{ name: 'http', port: 8080 }] },
  });
  await admin.create(path('HorizontalPodAutoscaler'), {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'checkout', namespace },
    spec: {
      minReplicas: 2,
      maxReplicas: 9,
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'checkout' },
    },
  });
  await admin.create(path('PodDisruptionBudget'), {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: 'basket', namespace },
    spec: { maxUnavailable: 1, selector: { matchLabels: { app: 'basket' } } },
  });
}

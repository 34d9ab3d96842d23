/** What stands in a cluster of the lab before Tidegate comes: what a user's own manifests would have made. */
import { ciliumCrds } from './crds.ts';
import type { KubeClient, KubeObject } from './kube-client.ts';
import { bindRole, installRoles } from './rbac.ts';
import { nodeName, zoneOf, type LabCluster, type LabPort, type LabService } from '../mesh.ts';
import { untilReady } from '../processes/process.ts';

const paths: Readonly<Record<string, string>> = {
  Namespace: '/api/v1/namespaces',
  Node: '/api/v1/nodes',
  Service: '/api/v1/namespaces/*/services',
  Deployment: '/apis/apps/v1/namespaces/*/deployments',
  CustomResourceDefinition: '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
};

/** CRDs, Tidegate's role, nodes and namespaces; Cilium's parts need the CRDs to be established. */
export async function prepareCluster(
  client: KubeClient,
  cluster: LabCluster,
  services: readonly LabService[],
): Promise<void> {
  const crds = await ciliumCrds();
  const names = [...new Set(services.map(({ namespace }) => namespace))];
  const namespaces = names.map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  }));
  await Promise.all([
    installRoles(client),
    ...[...crds, ...namespaces, ...nodesOf(cluster)].map((object) => applyObject(client, object)),
  ]);
  await Promise.all(names.map((name) => bindRole(client, name)));
  await untilReady(`${cluster.name}: Cilium's CRDs`, () => allEstablished(client, crds.length));
}

async function allEstablished(client: KubeClient, count: number): Promise<boolean> {
  interface Crd {
    status?: { conditions?: { type: string; status: string }[] };
  }
  const { items } = await client.get<{ items: Crd[] }>(paths['CustomResourceDefinition'] ?? '');
  const established = items.filter(({ status }) =>
    status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True'),
  );
  return established.length >= count;
}

export async function deployService(client: KubeClient, service: LabService): Promise<void> {
  const { namespace, manifests } = service;
  const objects = manifests?.map((one) => ({ ...one, metadata: { ...one.metadata, namespace } }));
  await Promise.all(
    (objects ?? [serviceObject(service), deploymentObject(service)]).map((one) => applyObject(client, one)),
  );
}

async function applyObject(client: KubeClient, object: KubeObject): Promise<void> {
  const path = paths[object.kind];
  if (path === undefined) throw new Error(`no path for ${object.kind}`);
  await client.apply(`${path.replace('*', object.metadata.namespace ?? '')}/${object.metadata.name}`, object);
}

function nodesOf(cluster: LabCluster): KubeObject[] {
  return Array.from({ length: cluster.nodes }, (_, i) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: nodeName(cluster, i),
      labels: {
        'kubernetes.io/hostname': nodeName(cluster, i),
        'topology.kubernetes.io/region': cluster.region,
        'topology.kubernetes.io/zone': zoneOf(cluster, i),
      },
    },
  }));
}

function serviceObject(service: LabService): KubeObject & { spec: unknown } {
  const { name, namespace } = service;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace,
      labels: { app: name },
      ...(service.global ? { annotations: { 'service.cilium.io/global': 'true' } } : {}),
    },
    spec: {
      selector: { app: name },
      ports: service.ports.map((port) => ({
        ...{ name: port.name, port: port.port, targetPort: port.port },
        ...{ protocol: 'TCP', appProtocol: port.name },
      })),
    },
  };
}

const probeOf = ({ name, speaks, port }: LabPort): Record<string, unknown> =>
  speaks === 'grpc' ? { grpc: { port } } : { httpGet: { path: '/', port: name } };

function deploymentObject(service: LabService): KubeObject & { spec: unknown } {
  const { name, namespace, ports, replicas, version } = service;
  const container = {
    name,
    image: `registry.lab/${name}:${version}`,
    ports: ports.map((port) => ({ name: port.name, containerPort: port.port, protocol: 'TCP' })),
    readinessProbe: { ...probeOf(ports[0]), periodSeconds: 1 },
  };
  const labels = { app: name, 'app.kubernetes.io/version': version };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace, labels },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels }, spec: { containers: [container], terminationGracePeriodSeconds: 30 } },
    },
  };
}

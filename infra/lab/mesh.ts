import type { KubeObject } from './api/kube-client.ts';

/** What a lab consists of. `shop` is the mesh of the demo, the tutorial and the tests. */
export interface LabCluster {
  readonly name: string;
  /** Cilium's cluster id; in the lab at most 9, since it is part of the addresses. */
  readonly id: number;
  readonly cloud: string;
  readonly region: string;
  readonly zones: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Nodes, each with an Envoy; node i lies in zone i modulo the number of zones. */
  readonly nodes: number;
}

/** In a template of pods: numbers of the container ports that speak gRPC, where their names do not say so. */
export const grpcPortsAnnotation = 'lab.tidegate.dev/grpc-ports';

export interface LabPort {
  readonly name: string;
  readonly speaks: 'http' | 'grpc';
  readonly port: number;
}

export interface LabService {
  readonly name: string;
  readonly namespace: string;
  /** The first is the one that clients call and Tidegate routes. */
  readonly ports: readonly [LabPort, ...LabPort[]];
  readonly replicas: number;
  readonly version: string;
  /** A global Service of Cilium's cluster mesh: its pods of all clusters answer in every cluster. */
  readonly global: boolean;
  /** Objects as their users wrote them, in place of a Service and a Deployment of the lab's own. */
  readonly manifests?: readonly KubeObject[];
}

export interface LabMesh {
  readonly name: string;
  readonly clusters: readonly LabCluster[];
  readonly services: readonly LabService[];
}

export function shopMesh(): LabMesh {
  const http: LabPort = { name: 'http', speaks: 'http', port: 8080 };
  const common = { namespace: 'shop', ports: [http], replicas: 2, version: 'v1' } as const;
  return {
    name: 'shop',
    clusters: [
      {
        name: 'aws-us-east-1',
        id: 1,
        cloud: 'aws',
        region: 'us-east-1',
        zones: ['us-east-1a', 'us-east-1b'],
        labels: { continent: 'america' },
        nodes: 2,
      },
      {
        name: 'gcp-europe-west1',
        id: 2,
        cloud: 'gcp',
        region: 'europe-west1',
        zones: ['europe-west1-b', 'europe-west1-c'],
        labels: { continent: 'europe' },
        nodes: 1,
      },
      {
        name: 'onprem-fra1',
        id: 3,
        cloud: 'onprem',
        region: 'fra1',
        zones: ['fra1-a'],
        labels: { continent: 'europe' },
        nodes: 1,
      },
    ],
    services: [
      { name: 'checkout', ...common, global: false },
      { name: 'catalog', ...common, global: true },
      { name: 'payment', ...common, ports: [{ name: 'grpc', speaks: 'grpc', port: 9000 }, http], global: false },
    ],
  };
}

/** API servers only, for tests that need many clusters and no traffic. */
export function numberedMesh(clusters: number): LabMesh {
  return {
    name: 'numbered',
    clusters: Array.from({ length: clusters }, (_, i) => ({
      name: `cluster-${i + 1}`,
      id: i + 1,
      cloud: 'lab',
      region: `region-${(i % 3) + 1}`,
      zones: [`region-${(i % 3) + 1}-a`],
      labels: {},
      nodes: 1,
    })),
    services: [],
  };
}

/** What a Service document says of the port that is routed. */
export function documentedPort({ ports: [{ name, speaks }] }: LabService): {
  port: string;
  protocol?: 'http' | 'grpc';
} {
  return { port: name, ...(name === 'http' ? {} : { protocol: speaks }) };
}

export function nodeName(cluster: LabCluster, index: number): string {
  return `${cluster.name}-node-${index + 1}`;
}

export function zoneOf(cluster: LabCluster, index: number): string {
  return cluster.zones[index % cluster.zones.length] ?? `${cluster.region}-a`;
}

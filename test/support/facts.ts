/** Config and facts for tests of the plan: three clusters that answer their own calls. */
import type { LoadedConfig, ReachableConfig } from '../../core/config/types.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { type Shares, WHOLE } from '../../core/values/share.ts';
import type { ClusterFacts, ReadRecordsResult, WorkloadFacts } from '../../core/workload/facts.ts';

export const clusterNames = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'] as const;

const frontend = { portName: 'http', port: 8080, targetPort: 8080, selector: { app: 'checkout' } };
const policy = { requestTimeoutMs: 0, upstreamIdleMs: 4_000, connectTimeoutMs: 1_000 };

export function testConfig(change: Partial<LoadedConfig['service']> = {}): ReachableConfig {
  const step = (share: number) => ({ share, bakeMs: 10_000, approve: false });
  return {
    digest: 'digest',
    mesh: {
      name: 'shop',
      installation: 'default',
      metrics: { url: 'http://127.0.0.1:9090' },
      clusters: clusterNames.map((name, i) => ({
        ref: { name, access: { kind: 'kubeconfig', path: `/kube/${name}` } },
        ciliumId: i + 1,
        locality: { cloud: 'aws', region: 'r', zones: [] },
        labels: {},
      })),
    },
    service: {
      name: 'checkout',
      namespace: 'shop',
      mesh: 'shop',
      port: '',
      workload: 'managed',
      topology: null,
      policy,
      waves: [
        { name: 'canary', clusters: ['aws-us-east-1'], steps: [step(50_000), step(WHOLE)] },
        { name: 'rest', clusters: ['gcp-europe-west1', 'onprem-fra1'], steps: [step(250_000), step(WHOLE)] },
      ],
      progressDeadlineMs: 60_000,
      warmUpMs: 0,
      warmMs: 60_000,
      maxUnknownMs: 60_000,
      onBreach: 'all',
      drainMs: 5_000,
      slos: [{ name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 }],
      judge: { pollMs: 1_000, windowMs: 30_000, minRequests: 20, minBad: 3, alpha: 1e-4 },
      ...change,
    },
  };
}

export const workload = (version: string, change: Partial<WorkloadFacts> = {}): WorkloadFacts => ({
  deployment: `checkout-${version}`,
  version,
  managed: true,
  replicas: 2,
  ready: 2,
  templateDigest: version,
  image: `registry/checkout:${version}`,
  autoscaler: '',
  ...change,
});

export const record = (cluster: string, proven: Shares | null, change: Partial<RoutingRecord> = {}): RoutingRecord => {
  const shares = proven === null ? null : { [cluster]: proven };
  const topology = { [cluster]: WHOLE };
  return {
    schema: 1,
    installation: 'default',
    mesh: 'shop',
    namespace: 'shop',
    service: 'checkout',
    cluster,
    frontend,
    topology: { proven: topology, current: topology, epoch: 1, run: 'r' },
    versions: { proven: shares, current: shares, epoch: 1, run: 'r', previous: {} },
    policy: { proven: policy, current: policy, epoch: 1, run: 'r' },
    ...change,
  };
};

export const facts = (cluster: string, change: Partial<ClusterFacts> = {}): ClusterFacts => ({
  cluster,
  unreachable: '',
  record: record(cluster, { v1: WHOLE }),
  frontend: { ...frontend, global: false, affinity: '', sessionAffinity: false, ports: 1, appProtocol: '', pinned: '' },
  workloads: [workload('v1')],
  foreign: [],
  bypasses: [],
  ...change,
});

/** Every cluster adopted with v1, unless a cluster's facts are given. */
export function testRead(change: Readonly<Record<string, Partial<ClusterFacts>>> = {}): ReadRecordsResult {
  return { epoch: 1_000, clusters: clusterNames.map((name) => facts(name, change[name] ?? {})) };
}

/** No cluster adopted: one Deployment that Tidegate did not make. */
export function unadopted(change: Partial<ClusterFacts> = {}): ReadRecordsResult {
  const original = workload('v1', { deployment: 'checkout', managed: false });
  return {
    epoch: 1_000,
    clusters: clusterNames.map((name) => facts(name, { record: null, workloads: [original], ...change })),
  };
}

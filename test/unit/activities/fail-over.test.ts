/** The calls of a service leave a lost cluster, on API servers in memory. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { standaloneActivity, systemClock, type KubeDeps } from '../../../activities/ports.ts';
import { failOver } from '../../../activities/restore/fail-over.ts';
import type { FailOverInput } from '../../../core/contract/failover.ts';
import { annotations, labels } from '../../../core/kube/labels.ts';
import { cecName } from '../../../core/routing/names.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { recordOf } from '../../../core/values/json.ts';
import { WHOLE, type Shares } from '../../../core/values/share.ts';
import { createClusters } from '../../../platform/kube/clusters.ts';
import { clusterNames, record } from '../../support/facts.ts';
import { startMemoryApis, type MemoryClusters } from '../../support/memory-api.ts';

const [aws, gcp, onprem] = clusterNames;
const service = { installation: 'default', mesh: 'shop', namespace: 'shop', service: 'checkout' };
const route = `ciliumenvoyconfigs/shop/${cecName('checkout')}`;

let apis: MemoryClusters;
const kube = createClusters({ deadlineMs: 60_000 });
const deps: KubeDeps = {
  clusters: {
    connect: async ({ cluster: { name } }) => {
      const found = apis.clusters[name];
      if (found === undefined) throw new RangeError(`no cluster ${name}`);
      return kube.connect(found.ref);
    },
  },
  clock: systemClock,
  activity: standaloneActivity(new AbortController().signal, Date.now()),
};

beforeAll(async () => {
  apis = await startMemoryApis([aws, onprem]);
});

afterAll(async () => {
  await kube.close();
  await apis.stop();
});

interface Given {
  readonly pods?: number;
  readonly calls?: Shares;
  /** On the frontend. */
  readonly annotations?: Readonly<Record<string, string>>;
}

const meta = { namespace: 'shop', uid: 'uid', resourceVersion: '1', generation: 1 };

/** As it stands before the loss: three clusters serve v1. */
function fill(name: string, { pods = 2, calls = { [name]: 500_000, [gcp]: 500_000 }, ...given }: Given): void {
  const { objects } = apis.clusters[name] ?? { objects: new Map<string, Record<string, unknown>>() };
  objects.clear();
  const base = record(name, { v1: WHOLE });
  const serves = Object.fromEntries([...new Set([name, ...Object.keys(calls)])].map((one) => [one, { v1: WHOLE }]));
  const own: RoutingRecord = {
    ...base,
    topology: { ...base.topology, proven: calls, current: calls },
    versions: { ...base.versions, proven: serves, current: serves },
  };
  objects.set(route, {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumEnvoyConfig',
    metadata: {
      ...{ ...meta, name: cecName('checkout'), labels: { [labels.owner]: 'default' } },
      annotations: { [annotations.record]: JSON.stringify(own) },
    },
    spec: { services: [{ name: 'checkout', namespace: 'shop' }] },
  });
  objects.set('services/shop/checkout', {
    kind: 'Service',
    metadata: { ...meta, name: 'checkout', annotations: given.annotations ?? {} },
    spec: { selector: { app: 'checkout' }, ports: [{ name: 'http', port: 8080, targetPort: 8080 }] },
  });
  const of = { app: 'checkout', [labels.version]: 'v1' };
  objects.set('deployments/shop/checkout-v1', {
    kind: 'Deployment',
    metadata: { ...meta, name: 'checkout-v1', labels: { [labels.managedBy]: 'tidegate' } },
    spec: {
      ...{ replicas: pods, selector: { matchLabels: of } },
      template: { metadata: { labels: of }, spec: { containers: [{ name: 'app', image: 'registry/checkout:v1' }] } },
    },
    status: { observedGeneration: 1, replicas: pods, readyReplicas: pods },
  });
}

const input: FailOverInput = {
  ...{ service, lost: gcp, failover: [], atMs: 1_000 },
  clusters: [{ name: aws }, { name: onprem }],
};

const callsOf = (name: string): Shares | null => {
  const found = recordOf(recordOf(apis.clusters[name]?.objects.get(route)?.['metadata'])['annotations']);
  return (JSON.parse(String(found[annotations.record])) as RoutingRecord).topology.proven;
};

const paused = { reason: 'moving by hand', by: 'ann', atMs: 0 };

describe('a failover of a service', () => {
  it('that is paused in one cluster leaves all of it as it is, says who paused it, and moves it when told so', async () => {
    fill(aws, {});
    fill(onprem, { annotations: { [annotations.paused]: JSON.stringify(paused) } });
    const held = await failOver(deps, input);
    expect(held.clients.map(({ cluster, action }) => [cluster, action])).toEqual([
      [aws, 'paused'],
      [onprem, 'paused'],
    ]);
    expect(held.clients[0]?.failed).toBe('checkout is paused by ann: moving by hand (tidegate unpause checkout)');
    expect(callsOf(aws)).toEqual({ [aws]: 500_000, [gcp]: 500_000 });

    const moved = await failOver(deps, { ...input, despitePauses: true });
    expect(moved.clients.map(({ action }) => action)).toEqual(['configured', 'configured']);
    expect([callsOf(aws), callsOf(onprem)]).toEqual([{ [aws]: WHOLE }, { [onprem]: WHOLE }]);
  });

  it('leaves out the clients of a cluster that is paused, and moves the others', async () => {
    fill(aws, { annotations: { [annotations.clusterPaused]: JSON.stringify(paused) } });
    fill(onprem, {});
    const { clients } = await failOver(deps, input);
    expect(clients.map(({ cluster, action }) => [cluster, action])).toEqual([
      [aws, 'paused'],
      [onprem, 'configured'],
    ]);
    expect(callsOf(aws)).toEqual({ [aws]: 500_000, [gcp]: 500_000 });
  });
});

/** kube-calls: what a call to an API server costs, and its sockets, beside the calls of @kubernetes/client-node. */
import { CoreV1Api, KubeConfig } from '@kubernetes/client-node';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readdirSync, readFileSync } from 'node:fs';
import { kinds } from '../../core/kube/kinds.ts';
import { createClusters } from '../../platform/kube/clusters.ts';
import { createNamespace, startApiServers, type TestCluster } from '../support/api-server.ts';
import type { Bench, BenchContext, BenchResult, Measure } from './bench.ts';
import { median } from './statistics.ts';

/** In turn, in one repeat, of each client. */
const CALLS = 200;
/** Of ours, four at a time, to see that no descriptor stays behind. */
const MANY = 10_000;
const AT_ONCE = 4;

const at = { namespace: 'bench', name: 'checkout' };

/** One read of a Service. */
type Read = () => Promise<unknown>;

interface Turn {
  readonly msPerCall: number;
  /** Connections that were opened. */
  readonly sockets: number;
  /** Most descriptors of this process beyond those before. */
  readonly descriptors: number;
}

export const kubeCallsBench: Bench = {
  name: 'kube-calls',
  about: 'time and sockets of a call to an API server, against client-node, and descriptors after 10 000 calls',
  repeats: 5,
  run: measure,
};

async function measure(context: BenchContext): Promise<BenchResult> {
  context.report('starting an API server');
  const servers = await startApiServers(['one']);
  try {
    await createNamespace(servers, at.namespace);
    const cluster = servers.clusters['one'] as TestCluster;
    await cluster.admin.create('/api/v1/namespaces/bench/services', {
      ...{ apiVersion: 'v1', kind: 'Service', metadata: at },
      spec: { ports: [{ port: 80 }] },
    });
    return await compared(cluster, context);
  } finally {
    await servers.stop();
  }
}

async function compared({ ref }: TestCluster, { repeats, report, signal }: BenchContext): Promise<BenchResult> {
  const config = new KubeConfig();
  config.loadFromFile(ref.access.kind === 'kubeconfig' ? ref.access.path : '');
  const api = config.makeApiClient(CoreV1Api);
  const theirs: Read = () => api.readNamespacedService(at);
  const [own, other]: [Turn[], Turn[]] = [[], []];
  report(`${MANY} calls`);
  // Before client-node has opened anything: what it closes late would hide what stays behind.
  const many = await left(ref);
  // The first round of both is not counted: code is compiled then.
  for (let round = 0; round <= repeats; round += 1) {
    signal.throwIfAborted();
    report(`round ${round} of ${repeats}`);
    const clusters = createClusters();
    const ours = await turn(() => clusters.connect(ref).get(kinds.service, at));
    await clusters.close();
    const others = await turn(theirs);
    if (round > 0) {
      own.push(ours);
      other.push(others);
    }
  }
  return resultOf(own, other, many);
}

async function turn(read: Read): Promise<Turn> {
  let sockets = 0;
  const count = (): void => void (sockets += 1);
  subscribe('undici:client:connected', count);
  const before = descriptors();
  let most = 0;
  const startedAt = performance.now();
  for (let i = 1; i <= CALLS; i += 1) {
    await read();
    if (i % 20 === 0) most = Math.max(most, descriptors() - before);
  }
  const msPerCall = (performance.now() - startedAt) / CALLS;
  unsubscribe('undici:client:connected', count);
  return { msPerCall, sockets, descriptors: most };
}

interface Left {
  /** Descriptors after many calls, and after the pool was closed, beyond those before the first. */
  readonly open: number;
  readonly closed: number;
  readonly sockets: number;
  readonly callsPerSecond: number;
}

async function left(ref: TestCluster['ref']): Promise<Left> {
  const before = descriptors();
  let sockets = 0;
  const count = (): void => void (sockets += 1);
  subscribe('undici:client:connected', count);
  const clusters = createClusters();
  const cluster = clusters.connect(ref);
  const startedAt = performance.now();
  const caller = async (): Promise<void> => {
    for (let i = 0; i < MANY / AT_ONCE; i += 1) await cluster.get(kinds.service, at);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  const callsPerSecond = MANY / ((performance.now() - startedAt) / 1_000);
  const open = descriptors() - before;
  await clusters.close();
  unsubscribe('undici:client:connected', count);
  return { open, closed: descriptors() - before, sockets, callsPerSecond };
}

const descriptors = (): number => readdirSync('/proc/self/fd').length;

function resultOf(own: readonly Turn[], other: readonly Turn[], many: Left): BenchResult {
  const each = (of: readonly Turn[], field: keyof Turn): number[] => of.map((one) => one[field]);
  const ratios = own.map(({ msPerCall }, i) => msPerCall / (other[i]?.msPerCall ?? NaN));
  const most = (atMost: number): Pick<Measure, 'bound'> => ({ bound: { of: 'every', atMost } });
  return {
    title: 'Calls to an API server',
    settings: {
      server: 'one kube-apiserver with RBAC and TLS, on this machine',
      call: 'read of one Service, by a token',
      'calls in turn': `${CALLS} per repeat and client`,
      'client-node': versionOf('@kubernetes/client-node'),
      undici: versionOf('undici'),
    },
    measures: [
      { what: 'a call of Tidegate', unit: 'ms', values: each(own, 'msPerCall') },
      { what: 'a call of client-node', unit: 'ms', values: each(other, 'msPerCall') },
      { what: 'Tidegate / client-node', unit: '×', values: ratios, bound: { of: 'median', atMost: 0.2 } },
      {
        what: `connections of Tidegate for ${CALLS} calls in turn`,
        unit: '',
        values: each(own, 'sockets'),
        ...most(1),
      },
      { what: `connections of client-node for ${CALLS} calls in turn`, unit: '', values: each(other, 'sockets') },
      { what: 'descriptors more, at most, of Tidegate', unit: '', values: each(own, 'descriptors'), ...most(1) },
      { what: 'descriptors more, at most, of client-node', unit: '', values: each(other, 'descriptors') },
      {
        what: `connections of Tidegate for ${MANY} calls, ${AT_ONCE} at once`,
        unit: '',
        values: [many.sockets],
        ...most(AT_ONCE),
      },
      { what: `descriptors more after ${MANY} calls`, unit: '', values: [many.open], ...most(AT_ONCE) },
      { what: 'descriptors more once the pool is closed', unit: '', values: [many.closed], ...most(0) },
    ],
    notes: [
      `With ${AT_ONCE} at once Tidegate made ${Math.round(many.callsPerSecond)} calls a second; a median call of client-node took ${median(each(other, 'msPerCall')).toFixed(2)} ms.`,
      'Connections are those that undici, which both clients call by, says that it opened. Descriptors are the entries of /proc/self/fd, looked at after every twentieth call.',
      'client-node is called as its README says: one KubeConfig, one CoreV1Api, no agent of its own.',
    ],
  };
}

function versionOf(name: string): string {
  const text = readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

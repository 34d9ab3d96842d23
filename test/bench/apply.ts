/** What a write of routing costs: applyRouting against real API servers, at 3 and at 20 clusters, and its sockets. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { applyRouting } from '../../activities/apply/apply-routing.ts';
import { standaloneActivity, systemClock, type KubeDeps } from '../../activities/ports.ts';
import type { ApplyRoutingInput } from '../../core/routing/changes.ts';
import { WHOLE } from '../../core/values/share.ts';
import { startLab, type Lab } from '../../infra/lab/client.ts';
import { createKubeClient } from '../../infra/lab/api/kube-client.ts';
import { numberedMesh } from '../../infra/lab/mesh.ts';
import { givenClusters } from '../support/given-clusters.ts';
import { createClusters } from '../../platform/kube/clusters.ts';
import type { Bench, BenchContext, Measure } from './bench.ts';
import { quantile } from './statistics.ts';

const namespace = 'shop';
const sizes = [3, 20];
/** Writes to every cluster in one repeat. */
const rounds = 20;
/** Services written at once to every cluster, to see that they share the sockets. */
const services = Array.from({ length: 10 }, (_, i) => `service-${i + 1}`);

interface Repeat {
  /** Of every call, ms. */
  readonly calls: readonly number[];
  /** From the first call of a round to the end of its last, ms. */
  readonly rounds: readonly number[];
  readonly unchanged: readonly number[];
  /** Most sockets to one API server. */
  readonly sockets: number;
  readonly socketsOfMany: number;
}

export const applyBench: Bench = {
  name: 'apply',
  about: `latency of applyRouting and sockets per cluster, at ${sizes.join(' and at ')} clusters (API servers only)`,
  repeats: 5,
  async run(context) {
    const measures: Measure[] = [];
    for (const size of sizes) measures.push(...measuresOf(size, await measure(size, context)));
    return {
      title: 'Writing routes',
      settings: {
        clusters: `${sizes.join(' and ')} kube-apiservers on one etcd, on this machine, with nothing else in the lab`,
        write:
          'one call of the activity applyRouting per cluster, all clusters at once, as a step does: 2 versions, new shares each time',
        calls: `${rounds} rounds per repeat`,
        'many services': `${services.length} services at once in every cluster`,
      },
      measures,
      notes: [
        'The activity function is called directly, without Temporal: read, compare, server-side apply, read back. Latency is what one call takes; with all clusters at once they share this machine with the API servers that they call.',
        'Sockets are this process’s own established TCP connections to the port of an API server, read from /proc every 5 ms while writes are under way; the most that any cluster had.',
      ],
    };
  },
};

async function measure(size: number, { repeats, report, signal }: BenchContext): Promise<Repeat[]> {
  report(`starting ${size} API servers`);
  const lab = await startLab({ name: `bench-apply-${process.pid}`, parts: 'api', mesh: numberedMesh(size), signal });
  const clusters = createClusters();
  try {
    await makeNamespace(lab);
    const deps: KubeDeps = {
      clusters: givenClusters(clusters),
      clock: systemClock,
      activity: standaloneActivity(signal, Date.now()),
    };
    const found: Repeat[] = [];
    for (const service of services) await round({ deps, lab, epoch: 1, share: 0 }, [service]);
    for (let i = 1; i <= repeats; i++) {
      report(`${size} clusters: repeat ${i} of ${repeats}`);
      found.push(await repeat(deps, lab, i));
    }
    return found;
  } finally {
    await clusters.close();
    await lab.stop();
  }
}

async function repeat(deps: KubeDeps, lab: Lab, epoch: number): Promise<Repeat> {
  const one = services.slice(0, 1);
  const [calls, lengths]: [number[], number[]] = [[], []];
  const write = (share: number, names: readonly string[]): Promise<number[]> =>
    round({ deps, lab, epoch, share }, names);
  for (let i = 1; i <= rounds; i++) {
    const startedAt = performance.now();
    calls.push(...(await write(i * 10_000, one)));
    lengths.push(performance.now() - startedAt);
  }
  const unchanged = await write(rounds * 10_000, one);
  // On their own: reading /proc takes time of the process that is measured.
  const sockets = await mostSockets(lab, () => write(1_000, one));
  const socketsOfMany = await mostSockets(lab, () => write(epoch, services));
  return { calls, rounds: lengths, unchanged, sockets, socketsOfMany };
}

interface Round {
  readonly deps: KubeDeps;
  readonly lab: Lab;
  readonly epoch: number;
  readonly share: number;
}

/** Writes the share of v2 for these services in every cluster, all at once; gives the time of each call, ms. */
async function round({ deps, lab, epoch, share }: Round, names: readonly string[]): Promise<number[]> {
  const inputs = lab.clusters.flatMap(({ name, kubeconfig }) =>
    names.map((service) =>
      inputOf({ name, access: { kind: 'kubeconfig', path: kubeconfig, context: name } }, { service, epoch, share }),
    ),
  );
  return Promise.all(
    inputs.map(async (input) => {
      const startedAt = performance.now();
      await applyRouting(deps, input);
      return performance.now() - startedAt;
    }),
  );
}

function inputOf(
  cluster: ApplyRoutingInput['cluster'],
  { service, epoch, share }: { service: string; epoch: number; share: number },
): ApplyRoutingInput {
  return {
    service: { mesh: 'numbered', namespace, service, installation: 'default' },
    cluster,
    epoch,
    run: `run-${epoch}`,
    versions: { [cluster.name]: { v1: WHOLE - share, v2: share } },
    initial: {
      frontend: { portName: 'http', port: 8080, targetPort: 8080, selector: { app: service } },
      topology: { [cluster.name]: WHOLE },
      policy: { requestTimeoutMs: 0, upstreamIdleMs: 4_000, connectTimeoutMs: 1_000 },
    },
  };
}

async function makeNamespace(lab: Lab): Promise<void> {
  for (const { admin } of lab.clusters) {
    const client = createKubeClient(admin);
    await client.apply(`/api/v1/namespaces/${namespace}`, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    });
    await client.close(); // its sockets must not be counted
  }
}

const established = '01';
const socketPollMs = 5;

/** The most sockets that any API server had from us while the work went on. */
async function mostSockets(lab: Lab, work: () => Promise<unknown>): Promise<number> {
  const ports = new Set(lab.clusters.map(({ server }) => Number(new URL(server).port)));
  let most = 0;
  const timer = setInterval(() => (most = Math.max(most, ...socketsTo(ports))), socketPollMs);
  await work();
  clearInterval(timer);
  return Math.max(most, ...socketsTo(ports));
}

/** Own established connections per remote port. */
function socketsTo(ports: ReadonlySet<number>): number[] {
  const own = ownSockets();
  const counts = new Map<number, number>();
  for (const line of readFileSync('/proc/self/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, , remote = '', state, , , , , , inode = ''] = line.trim().split(/\s+/);
    const port = Number.parseInt(remote.split(':')[1] ?? '', 16);
    if (state === established && ports.has(port) && own.has(inode)) counts.set(port, (counts.get(port) ?? 0) + 1);
  }
  return [...counts.values()];
}

/** Inodes of this process's sockets. */
function ownSockets(): Set<string> {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // closed since it was listed
    }
  });
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
}

function measuresOf(size: number, repeats: readonly Repeat[]): Measure[] {
  const of = (pick: (one: Repeat) => number): number[] => repeats.map(pick);
  return [
    { what: `${size} clusters: one call, median`, unit: 'ms', values: of(({ calls }) => quantile(calls, 0.5)) },
    { what: `${size} clusters: one call, p99`, unit: 'ms', values: of(({ calls }) => quantile(calls, 0.99)) },
    { what: `${size} clusters: all of them, median`, unit: 'ms', values: of((one) => quantile(one.rounds, 0.5)) },
    {
      what: `${size} clusters: a call that changes nothing, median`,
      unit: 'ms',
      values: of(({ unchanged }) => quantile(unchanged, 0.5)),
    },
    { what: `${size} clusters: sockets per cluster`, unit: '', values: of(({ sockets }) => sockets) },
    {
      what: `${size} clusters: sockets per cluster, ${services.length} services at once`,
      unit: '',
      values: of((one) => one.socketsOfMany),
    },
  ];
}

/** The load generator: `node load/main.ts CONFIG_FILE`. Idle until traffic is started over its control socket. */
import { serveControl } from '../processes/control-server.ts';
import type { KubeTarget } from '../api/kube-client.ts';
import { createLoadClient, type ClientSpec, type LoadClient, type PastEnvoy } from './client.ts';
import type { Target } from './dialer.ts';
import { podsBehind } from './pods-behind.ts';
import { createRecorder } from './recorder.ts';
import { readJsonFile } from '../json-file.ts';

export interface LoadConfig {
  readonly controlSocket: string;
  readonly clients: readonly ClientSpec[];
  /** API servers by cluster: a client that goes past Envoy finds the pods there. */
  readonly apiServers: Readonly<Record<string, KubeTarget>>;
}

/** Requests per second of each cluster, split over its clients. */
export interface TrafficOrder {
  readonly service: string;
  readonly targets: Readonly<Record<string, Target>>;
  readonly rate: number;
  /** Rates of single clusters, where they differ. */
  readonly rates?: Readonly<Record<string, number>>;
  /** Every so many requests dial a pod themselves, past Envoy. Absent: none. */
  readonly pastEvery?: number;
  readonly namespace: string;
}

const tickMs = 4;
const config = readJsonFile<LoadConfig>(process.argv[2] ?? '');
const recorder = createRecorder();
/** One stream of requests per service; a second order for the same service replaces the first. */
const streams = new Map<string, { order: TrafficOrder; clients: LoadClient[] }>();

function start(order: TrafficOrder): void {
  stop(order.service);
  const clients = config.clients.map((spec) => {
    const client = createLoadClient(spec, (request) => recorder.record(request));
    const target = order.targets[spec.cluster];
    const siblings = config.clients.filter(({ cluster }) => cluster === spec.cluster).length;
    if (target)
      client.aim(target, (order.rates?.[spec.cluster] ?? order.rate) / siblings, pastEnvoy(order, spec, target.speaks));
    return client;
  });
  streams.set(order.service, { order, clients });
}

function pastEnvoy(order: TrafficOrder, { cluster }: ClientSpec, speaks: Target['speaks']): PastEnvoy | undefined {
  const { pastEvery: every, namespace, service } = order;
  const api = config.apiServers[cluster];
  return every === undefined || api === undefined
    ? undefined
    : { every, pods: podsBehind(api, { namespace, service, speaks }) };
}

function stop(service: string): void {
  for (const client of streams.get(service)?.clients ?? []) client.stop();
  streams.delete(service);
}

function inFlight(): number {
  return [...streams.values()].flatMap(({ clients }) => clients).reduce((sum, client) => sum + client.inFlight, 0);
}

setInterval(() => {
  const now = performance.now();
  for (const { clients } of streams.values()) for (const client of clients) client.tick(now);
}, tickMs);

await serveControl(config.controlSocket, ({ path, query, body }) => {
  if (path === '/start') start(body as TrafficOrder);
  if (path === '/stop') for (const service of streams.keys()) stop(service);
  if (path === '/report') {
    const since = Number(query.get('since') ?? 0);
    const until = Number(query.get('until') ?? Date.now() + 1_000);
    return { ...recorder.report({ since, until }), inFlight: inFlight() };
  }
  return { streams: [...streams.values()].map(({ order }) => ({ service: order.service, rate: order.rate })) };
});

process.once('SIGTERM', () => process.exit(0));

/** A real Prometheus, a real Envoy with two subsets, and two small services that report by OpenTelemetry: no Kubernetes. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { obtainBinaries } from '../../../infra/lab/binaries.ts';
import { startPrometheus } from '../../../infra/lab/observability.ts';
import { startTelemetry } from '../../../infra/lab/pods/telemetry.ts';
import { freePorts } from '../../../infra/lab/ports.ts';
import { createProcessStarter, untilReady, type LabProcess } from '../../../infra/lab/processes/process.ts';

export const rigNames = {
  service: 'checkout',
  cluster: 'aws-us-east-1',
  node: 'node-a',
  oldStat: 'shop_v1',
  newStat: 'shop_v2',
} as const;

type PodMode =
  | { readonly kind: 'serve'; readonly errorRatio: number; /** Default: at once. */ readonly delayMs?: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'crash' };

export interface Rig {
  readonly url: string;
  readonly prometheus: LabProcess;
  /** Share of v2 in percent, for Envoy; returns when the file is written, not when Envoy has it. */
  setShare(percent: number): number;
  setMode(mode: PodMode): void;
  /** When clients saw the first failed answer since the last call of setMode; null if none. */
  firstBadMs(): number | null;
  stop(): Promise<void>;
}

export const startRig = async ({ rate }: { rate: number }): Promise<Rig> => {
  const binaries = await obtainBinaries({ names: ['prometheus', 'envoy', 'tether'], report: () => undefined });
  const dir = mkdtempSync(join(tmpdir(), 'tidegate-metrics-'));
  const starter = createProcessStarter({ binaries, logDir: dir });
  const [adminPort, listenPort] = (await freePorts(2)) as [number, number];
  const envoys = [{ cluster: rigNames.cluster, node: rigNames.node, adminPort }];
  const { process: prometheus, url } = await startPrometheus(starter, { dir, envoys });
  const [v1, v2] = await Promise.all([startPod('v1', url), startPod('v2', url)]);
  const setShare = routesIn(dir);
  setShare(0);
  writeFileSync(
    join(dir, 'envoy.json'),
    JSON.stringify(envoyConfig({ dir, adminPort, listenPort, v1: v1.port, v2: v2.port })),
  );
  const args = ['-c', join(dir, 'envoy.json'), '--use-dynamic-base-id', '--concurrency', '1', '-l', 'error'];
  const envoy = starter.start({ name: 'envoy', command: 'envoy', args });
  await untilReady('Envoy', async () => (await fetch(`http://127.0.0.1:${adminPort}/ready`)).ok, { needs: [envoy] });
  const load = startLoad({ port: listenPort, rate });
  return {
    url,
    prometheus,
    setShare,
    setMode(mode) {
      load.forget();
      v2.setMode(mode);
    },
    firstBadMs: load.firstBadMs,
    async stop() {
      load.stop();
      await Promise.all([v1.stop(), v2.stop()]);
      await starter.stopAll();
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

const startPod = async (version: string, prometheusUrl: string) => {
  let mode: PodMode = { kind: 'serve', errorRatio: 0 };
  let owed = 0;
  const telemetry = startTelemetry({
    metricsUrl: `${prometheusUrl}/api/v1/otlp/v1/metrics`,
    resource: {
      'service.name': rigNames.service,
      'service.version': version,
      'service.instance.id': `${version}-pod`,
      'k8s.cluster.name': rigNames.cluster,
    },
  });
  const server = createServer((incoming, response) => {
    if (mode.kind === 'crash') return void incoming.socket.destroy();
    if (mode.kind === 'hang') return;
    // Errors come evenly, not at random: the same counts in every run.
    owed += mode.errorRatio;
    const bad = owed >= 1;
    if (bad) owed -= 1;
    response.statusCode = bad ? 500 : 200;
    const { delayMs = 0 } = mode;
    const answer = (): void => {
      response.end(version);
      telemetry.recordRequest({ method: 'GET', status: response.statusCode, seconds: delayMs / 1000 + 0.002 });
    };
    if (delayMs === 0) answer();
    // eslint-disable-next-line no-restricted-syntax -- the pod is slow; no test waits for this
    else setTimeout(answer, delayMs);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    setMode(next: PodMode): void {
      if (next.kind === 'serve' && mode.kind === 'hang') server.closeAllConnections();
      mode = next;
    },
    async stop(): Promise<void> {
      telemetry.abandon();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

/** Open loop, no retries; a client gives up after 3 s. */
const startLoad = ({ port, rate }: { port: number; rate: number }) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 500 });
  let firstBad: number | null = null;
  const bad = (): void => {
    firstBad ??= Date.now();
  };
  const send = (): void => {
    const call = request({ host: '127.0.0.1', port, agent, timeout: 3_000 }, (response) => {
      if ((response.statusCode ?? 0) >= 500) bad();
      response.resume();
    });
    call.on('timeout', () => call.destroy());
    call.on('error', bad);
    call.end();
  };
  let sent = 0;
  const startedMs = Date.now();
  const timer = setInterval(() => {
    for (const due = ((Date.now() - startedMs) / 1000) * rate; sent < due; sent++) send();
  }, 10);
  return {
    firstBadMs: () => firstBad,
    forget: () => void (firstBad = null),
    stop(): void {
      clearInterval(timer);
      agent.destroy();
    },
  };
};

const routesIn =
  (dir: string) =>
  (percent: number): number => {
    const clusters = [
      { name: 'v1', weight: Math.round((100 - percent) * 10_000) },
      { name: 'v2', weight: Math.round(percent * 10_000) },
    ];
    const route = { match: { prefix: '/' }, route: { timeout: '0s', weighted_clusters: { clusters } } };
    const routes = {
      '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
      name: 'routes',
      virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }],
    };
    // Envoy watches for a move onto the file.
    writeFileSync(join(dir, 'rds.tmp'), JSON.stringify({ version_info: `${Date.now()}`, resources: [routes] }));
    renameSync(join(dir, 'rds.tmp'), join(dir, 'rds.json'));
    return Date.now();
  };

interface EnvoyPorts {
  readonly dir: string;
  readonly adminPort: number;
  readonly listenPort: number;
  readonly v1: number;
  readonly v2: number;
}

const envoyConfig = ({ dir, adminPort, listenPort, v1, v2 }: EnvoyPorts): unknown => ({
  node: { id: rigNames.node, cluster: rigNames.cluster },
  admin: { address: addressOf(adminPort) },
  static_resources: {
    listeners: [{ name: 'frontend', address: addressOf(listenPort), filter_chains: [{ filters: [httpFilter(dir)] }] }],
    clusters: [subset('v1', v1), subset('v2', v2)],
  },
});

const httpFilter = (dir: string): unknown => ({
  name: 'envoy.filters.network.http_connection_manager',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
    stat_prefix: 'frontend',
    rds: { route_config_name: 'routes', config_source: { path_config_source: { path: join(dir, 'rds.json') } } },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
      },
    ],
  },
});

const subset = (name: string, port: number): unknown => ({
  name,
  alt_stat_name: `shop_${name}`,
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address: addressOf(port) } }] }] },
});

const addressOf = (port: number): unknown => ({ socket_address: { address: '127.0.0.1', port_value: port } });

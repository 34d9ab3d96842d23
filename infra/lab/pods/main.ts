/** The pod host: `node pods/main.ts CONFIG_FILE`. One process for all clusters of a lab. */
import { serveControl } from '../processes/control-server.ts';
import { startClusterHost, type HostedCluster } from './cluster-host.ts';
import { createFaultBook, type PodFault } from './faults.ts';
import { readJsonFile } from '../json-file.ts';

export interface PodHostConfig {
  readonly clusters: readonly HostedCluster[];
  /** OTLP metrics endpoint. */
  readonly metricsUrl: string;
  /** Between two exports of a pod. */
  readonly metricsIntervalMs: number;
  readonly controlSocket: string;
  /** Which requests fail under an error fault. */
  readonly seed: number;
}

const config = readJsonFile<PodHostConfig>(process.argv[2] ?? '');
const faults = createFaultBook(config.seed);
const { metricsUrl, metricsIntervalMs } = config;
const hosts = config.clusters.map((cluster) => startClusterHost(cluster, { faults, metricsUrl, metricsIntervalMs }));

await serveControl(config.controlSocket, ({ path, body }) => {
  if (path === '/break') faults.add(body as PodFault);
  if (path === '/heal') faults.clear();
  return { faults: faults.list() };
});

process.once('SIGTERM', () => {
  void Promise.all(hosts.map((host) => host.stop())).finally(() => process.exit(0));
});

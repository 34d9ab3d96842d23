import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { freePorts } from './ports.ts';
import { untilReady, type LabProcess, type ProcessStarter } from './processes/process.ts';

export interface ScrapedEnvoy {
  readonly cluster: string;
  readonly node: string;
  readonly adminPort: number;
}

/** Resource attributes that become labels of every series; the others end up in `target_info`. */
const promoted = [
  'service.name',
  'service.version',
  'k8s.cluster.name',
  'k8s.namespace.name',
  'k8s.pod.name',
  'cloud.provider',
  'cloud.region',
  'cloud.availability_zone',
];

interface PrometheusSettings {
  envoys: readonly ScrapedEnvoy[];
  /** Default: 1 000. */
  scrapeIntervalMs?: number;
  /** Store classic histograms as native ones with custom buckets. Default: no. */
  customBuckets?: boolean;
  /** How much older than the newest of its series a sample may be, ms. Default, as Prometheus': 0. */
  lateByMs?: number;
}

export async function startPrometheus(
  starter: ProcessStarter,
  options: PrometheusSettings & { dir: string },
): Promise<{ process: LabProcess; url: string }> {
  const [port] = (await freePorts(1)) as [number];
  const configFile = join(options.dir, 'prometheus.yaml');
  writeFileSync(configFile, stringify(prometheusConfig(options)));
  const url = `http://127.0.0.1:${port}`;
  const process = starter.start({
    name: 'prometheus',
    command: 'prometheus',
    args: [
      `--config.file=${configFile}`,
      `--storage.tsdb.path=${join(options.dir, 'prometheus')}`,
      '--storage.tsdb.retention.time=12h',
      `--web.listen-address=127.0.0.1:${port}`,
      '--web.enable-otlp-receiver',
      '--log.level=warn',
    ],
  });
  await untilReady('Prometheus', async () => (await fetch(`${url}/-/ready`)).ok, { needs: [process] });
  return { process, url };
}

/** One that takes samples and answers at once; `dedupMs`: of several samples of a series in so long, the newest stays. */
export async function startVictoriaMetrics(
  starter: ProcessStarter,
  { dir, dedupMs }: { dir: string; dedupMs: number },
): Promise<{ process: LabProcess; url: string }> {
  const [port] = (await freePorts(1)) as [number];
  const url = `http://127.0.0.1:${port}`;
  const process = starter.start({
    name: 'victoria-metrics',
    command: 'victoria-metrics',
    args: [
      `-storageDataPath=${join(dir, 'victoria-metrics')}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      `-dedup.minScrapeInterval=${dedupMs}ms`,
      '-search.latencyOffset=0s',
      '-loggerLevel=WARN',
    ],
  });
  await untilReady('VictoriaMetrics', async () => (await fetch(`${url}/health`)).ok, { needs: [process] });
  return { process, url };
}

function prometheusConfig({
  envoys,
  scrapeIntervalMs = 1_000,
  customBuckets = false,
  lateByMs = 0,
}: PrometheusSettings): unknown {
  return {
    global: { scrape_interval: `${scrapeIntervalMs}ms`, scrape_timeout: `${scrapeIntervalMs * 0.9}ms` },
    otlp: { promote_resource_attributes: promoted, convert_histograms_to_nhcb: customBuckets },
    storage: { tsdb: { out_of_order_time_window: `${lateByMs}ms` } },
    scrape_configs: [
      {
        job_name: 'envoy',
        metrics_path: '/stats/prometheus',
        static_configs: envoys.map(({ cluster, node, adminPort }) => ({
          targets: [`127.0.0.1:${adminPort}`],
          labels: { k8s_cluster_name: cluster, instance: node },
        })),
      },
    ],
  };
}

/** Names of the types in the dev server's options. */
const typeNames = { KEYWORD: 'Keyword', INT: 'Int', BOOL: 'Bool', KEYWORD_LIST: 'KeywordList' } as const;

/**
 * Temporal's dev server, with the search attributes by which rollouts are found. With `dir` it keeps its data in a file
 * there, so that it can be killed and started again; without waiting for the disk, since a machine's loss is no fault of a
 * lab. Absent: in memory.
 */
export async function startTemporal(
  starter: ProcessStarter,
  dir?: string,
): Promise<{ process: LabProcess; address: string; uiUrl: string }> {
  const [port, uiPort, metricsPort] = (await freePorts(3)) as [number, number, number];
  const process = starter.start({
    name: 'temporal',
    command: 'temporal',
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(port), '--ui-port', String(uiPort)],
      ...['--metrics-port', String(metricsPort), '--log-level', 'error'],
      ...(dir === undefined ? [] : ['--db-filename', join(dir, 'temporal.db'), '--sqlite-pragma', 'synchronous=off']),
      ...Object.values(searchAttributes).flatMap(({ name, type }) => [
        '--search-attribute',
        `${name}=${typeNames[type]}`,
      ]),
    ],
  });
  const uiUrl = `http://127.0.0.1:${uiPort}`;
  await untilReady('Temporal', async () => (await fetch(`${uiUrl}/api/v1/namespaces/default`)).ok, {
    needs: [process],
  });
  return { process, address: `127.0.0.1:${port}`, uiUrl };
}

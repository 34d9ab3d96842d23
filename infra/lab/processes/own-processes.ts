import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Workbench, ClusterWorkbench } from '../workbench.ts';
import { loadSocket, podsSocket } from '../lab-state.ts';
import type { LoadConfig } from '../load/main.ts';
import { nodeName, zoneOf } from '../mesh.ts';
import type { PodHostConfig } from '../pods/main.ts';
import { untilReady, type LabProcess, type ProcessStarter } from './process.ts';
import { clientAddress, podNetwork } from './slot.ts';
import { writeJsonFile } from '../json-file.ts';

export function startPodHost(
  { spec, slot, starters, dataDir }: Workbench,
  clusters: ClusterWorkbench[],
  prometheusUrl: string,
): void {
  const config: PodHostConfig = {
    clusters: clusters.map(({ cluster, api }) => ({
      name: cluster.name,
      cloud: cluster.cloud,
      region: cluster.region,
      network: podNetwork(slot, cluster.id),
      nodes: Array.from({ length: cluster.nodes }, (_, i) => ({
        name: nodeName(cluster, i),
        zone: zoneOf(cluster, i),
      })),
      target: api.admin,
    })),
    metricsUrl: `${prometheusUrl}/api/v1/otlp/v1/metrics`,
    metricsIntervalMs: spec.metricsIntervalMs,
    controlSocket: join(spec.runDir, podsSocket),
    seed: spec.seed,
  };
  startNode(starters.traffic, {
    name: 'pod-host',
    script: '../pods/main',
    configFile: join(dataDir, 'pod-host.json'),
    config,
  });
}

export function startLoadGenerator({ spec, slot, starters, dataDir }: Workbench, clusters: ClusterWorkbench[]): void {
  const config: LoadConfig = {
    controlSocket: join(spec.runDir, loadSocket),
    clients: clusters.flatMap(({ cluster, envoys }) =>
      envoys.map(({ node }, i) => ({
        cluster: cluster.name,
        node,
        address: clientAddress(podNetwork(slot, cluster.id), i + 1),
      })),
    ),
    apiServers: Object.fromEntries(clusters.map(({ cluster, api }) => [cluster.name, api.admin])),
  };
  startNode(starters.traffic, { name: 'load', script: '../load/main', configFile: join(dataDir, 'load.json'), config });
}

/** One process of `tidegate` for a lab: its worker, or its front door. */
export interface ProgramOnDemand {
  /** Runs it, or goes on with the one that runs; resolves when it is ready. `script`: the CLI's entry. */
  start(script: string): Promise<void>;
  /** kill -9: no shutdown, no heartbeat, no goodbye. */
  kill(): Promise<void>;
}

export interface OnDemand {
  readonly name: string;
  /** The command of `tidegate` with its arguments. */
  readonly args: readonly string[];
  /** What its log says when it is ready. */
  readonly readyText: string;
  readonly env: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export function programOf(starter: ProcessStarter, { name, args, readyText, env, signal }: OnDemand): ProgramOnDemand {
  let program: LabProcess | undefined;
  let ready: Promise<void> = Promise.resolve();
  const launch = async (script: string): Promise<void> => {
    const from = program === undefined ? 0 : statSync(program.logFile).size;
    if (program === undefined)
      program = starter.start({ name, command: process.execPath, args: [script, ...args], env });
    else program.restart();
    const { logFile } = program;
    const isReady = async (): Promise<boolean> =>
      (await readFile(logFile)).subarray(from).toString().includes(readyText);
    await untilReady(name, isReady, { needs: [program], signal });
  };
  return {
    start(script) {
      if (program?.running !== true) ready = launch(script);
      return ready;
    },
    kill: async () => program?.kill(),
  };
}

function startNode(
  starter: ProcessStarter,
  options: { name: string; script: string; configFile: string; config: unknown },
): void {
  writeJsonFile(options.configFile, options.config);
  const script = fileURLToPath(new URL(`${options.script}${extname(import.meta.url)}`, import.meta.url));
  starter.start({ name: options.name, command: process.execPath, args: [script, options.configFile] });
}

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { envoyBootstrap } from './envoy-bootstrap.ts';
import { startEtcd } from './api/apiservers.ts';
import type { LabEnvoyState } from './lab-state.ts';
import { nodeName, type LabCluster } from './mesh.ts';
import { freePorts } from './ports.ts';
import { untilReady, type LabProcess, type ProcessStarter } from './processes/process.ts';
import { envoyAddress } from './processes/slot.ts';
import { writeJsonFile } from './json-file.ts';

export interface CiliumOptions {
  readonly cluster: LabCluster;
  readonly dir: string;
  /** With an administrator's token: Cilium's parts have rights of their own in a real cluster. */
  readonly kubeconfig: string;
  readonly network: number;
  readonly signal: AbortSignal;
}

/** clustermesh-apiserver with its own etcd: what the other clusters see of this one. */
export async function startClusterMesh(starter: ProcessStarter, options: CiliumOptions): Promise<{ etcdUrl: string }> {
  const { cluster, dir } = options;
  const etcd = await startEtcd(starter, `clustermesh-etcd-${cluster.name}`, dir);
  const [healthPort, metricsPort] = (await freePorts(2)) as [number, number];
  const etcdConfig = join(dir, `clustermesh-${cluster.name}-etcd.yaml`);
  writeFileSync(etcdConfig, `endpoints: [${etcd.url}]\n`);
  const process = starter.start({
    name: `clustermesh-apiserver-${cluster.name}`,
    command: 'clustermesh-apiserver',
    args: [
      'clustermesh',
      `--cluster-name=${cluster.name}`,
      `--cluster-id=${cluster.id}`,
      `--k8s-kubeconfig-path=${options.kubeconfig}`,
      '--kvstore-opt',
      `etcd.config=${etcdConfig}`,
      `--health-port=${healthPort}`,
      '--enable-gops=false',
      `--shell-sock-path=${join(dir, `cm-${cluster.id}.sock`)}`,
      `--prometheus-serve-addr=127.0.0.1:${metricsPort}`,
    ],
  });
  await untilReady(
    `${cluster.name}: clustermesh-apiserver`,
    async () => (await fetch(`http://127.0.0.1:${healthPort}/readyz`)).ok,
    { needs: [etcd.process, process], signal: options.signal },
  );
  return { etcdUrl: etcd.url };
}

/** Cilium's agent control plane with service proxy and bridge, and the Envoys that hang on it. */
export async function startDataPlane(
  starter: ProcessStarter,
  options: CiliumOptions & {
    remotes: readonly { name: string; etcdUrl: string }[];
    envoys: readonly LabEnvoyState[];
  },
): Promise<{ adminPort: number }> {
  const { cluster, dir, network } = options;
  const remoteDir = join(dir, `clustermesh-${cluster.name}`);
  mkdirSync(remoteDir, { recursive: true });
  for (const { name, etcdUrl } of options.remotes) writeFileSync(join(remoteDir, name), `endpoints: [${etcdUrl}]\n`);
  const [adminPort, adsPort] = (await freePorts(2)) as [number, number];
  const nodes = Array.from(
    { length: cluster.nodes },
    (_, i) => `${nodeName(cluster, i)}=${envoyAddress(network, i + 1)}`,
  );
  const process = starter.start({
    name: `cilium-lab-${cluster.name}`,
    command: 'cilium-lab',
    args: [
      `--k8s-kubeconfig-path=${options.kubeconfig}`,
      `--cluster-name=${cluster.name}`,
      `--cluster-id=${cluster.id}`,
      `--clustermesh-config=${remoteDir}`,
      `--admin-port=${adminPort}`,
      `--ads-port=${adsPort}`,
      `--nodes=${nodes.join(',')}`,
    ],
  });
  const envoys = options.envoys.map((envoy) => ({
    ...envoy,
    process: startEnvoy(starter, { ...options, envoy, adsPort }),
  }));
  await untilReady(`${cluster.name}: cilium-lab`, async () => (await fetch(`http://127.0.0.1:${adminPort}/ready`)).ok, {
    needs: [process],
    signal: options.signal,
  });
  await Promise.all(
    envoys.map(({ node, adminPort: envoyPort, process: envoy }) =>
      untilReady(`${node}: Envoy`, async () => (await fetch(`http://127.0.0.1:${envoyPort}/ready`)).ok, {
        needs: [envoy],
        signal: options.signal,
      }),
    ),
  );
  return { adminPort };
}

function startEnvoy(
  starter: ProcessStarter,
  options: CiliumOptions & { envoy: LabEnvoyState; adsPort: number },
): LabProcess {
  const { adsPort, dir, cluster } = options;
  const { node, adminPort } = options.envoy;
  const file = join(dir, `envoy-${node}.json`);
  writeJsonFile(file, envoyBootstrap({ nodeId: node, cluster: cluster.name, adsPort, adminPort }));
  return starter.start({
    name: `envoy-${node}`,
    command: 'envoy',
    args: [
      ...['-c', file, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'warn'],
      // A removed listener tells its clients with the next answer, and is gone 10 s later.
      ...['--drain-strategy', 'immediate', '--drain-time-s', '10'],
    ],
  });
}

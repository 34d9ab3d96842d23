/**
 * Real kube-apiservers on one etcd, with Cilium's CRDs and Tidegate's role, for activity tests. No controllers run:
 * a test writes Deployment status and EndpointSlices itself. The processes end with `stop`, or with the test process.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';
import { startApiServer, startEtcd } from '../../infra/lab/api/apiservers.ts';
import { obtainBinaries } from '../../infra/lab/binaries.ts';
import { ciliumCrds } from '../../infra/lab/api/crds.ts';
import type { KubeClient, KubeObject } from '../../infra/lab/api/kube-client.ts';
import { kubeconfig } from '../../infra/lab/api/kubeconfig.ts';
import { bindRole, installRoles } from '../../infra/lab/api/rbac.ts';
import { createProcessStarter, untilReady, type LabProcess } from '../../infra/lab/processes/process.ts';

export interface TestCluster {
  /** As Tidegate reaches it: with the least-privileged user. */
  readonly ref: ReachableCluster;
  /** As an administrator or somebody else's tool. */
  readonly admin: KubeClient;
  readonly adminToken: string;
  readonly token: string;
  readonly server: string;
  readonly process: LabProcess;
  /** Every request, a JSON object per line, where `audit` was asked for. */
  readonly auditLog: string;
}

export interface TestClusters {
  readonly clusters: Readonly<Record<string, TestCluster>>;
  readonly dir: string;
  stop(): Promise<void>;
}

const crdNames = ['ciliumenvoyconfigs.cilium.io', 'ciliumclusterwideenvoyconfigs.cilium.io'];

export async function startApiServers(names: readonly string[], { audit = false } = {}): Promise<TestClusters> {
  const binaries = await obtainBinaries({
    names: ['etcd', 'kube-apiserver', 'tether'],
    report: (line) => process.stderr.write(`${JSON.stringify(line)}\n`),
  });
  const dir = await mkdtemp(join(tmpdir(), 'tidegate-test-'));
  const logDir = join(dir, 'logs');
  await mkdir(logDir);
  const starter = createProcessStarter({ binaries, logDir });
  const opened: TestCluster[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(opened.map(({ admin }) => admin.close()));
    await Promise.all(starter.processes.map((one) => one.kill()));
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const etcd = await startEtcd(starter, 'etcd', dir);
    const started = names.map(async (name, index) => {
      opened.push(await startCluster({ name, index, dir, etcdUrl: etcd.url, starter, audit }));
    });
    await Promise.all(started);
    const clusters = Object.fromEntries(opened.map((one) => [one.ref.name, one]));
    return { clusters, dir, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface StartOptions {
  readonly name: string;
  readonly index: number;
  readonly dir: string;
  readonly etcdUrl: string;
  readonly starter: ReturnType<typeof createProcessStarter>;
  readonly audit: boolean;
}

async function startCluster({ name, index, dir, etcdUrl, starter, audit }: StartOptions): Promise<TestCluster> {
  const serviceCidr = `10.${String(150 + index)}.0.0/16`;
  const { signal } = new AbortController();
  const auditLog = join(dir, `${name}.audit.jsonl`);
  const server = await startApiServer(starter, {
    ...{ cluster: name, etcdUrl, serviceCidr, dir, signal },
    ...(audit && { auditLog }),
  });
  await install(server.client);
  const path = join(dir, `${name}.kubeconfig`);
  await writeFile(path, kubeconfig([{ name, user: 'tidegate', target: server.tidegate }]), { mode: 0o600 });
  return {
    ref: { name, access: { kind: 'kubeconfig', path, context: name } },
    admin: server.client,
    adminToken: server.admin.token,
    token: server.tidegate.token,
    server: server.admin.server,
    process: server.process,
    auditLog,
  };
}

async function install(client: KubeClient): Promise<void> {
  const crds = (await ciliumCrds()).filter((one) => crdNames.includes(one.metadata.name));
  await Promise.all([
    installRoles(client),
    ...crds.map((one) =>
      client.apply(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${one.metadata.name}`, one),
    ),
  ]);
  await untilReady('Cilium CRDs', async () => {
    await client.get('/apis/cilium.io/v2/namespaces/default/ciliumenvoyconfigs');
    await client.get('/apis/cilium.io/v2/ciliumclusterwideenvoyconfigs');
    return true;
  });
}

/** A namespace of its own for a test, with Tidegate's role bound in it. */
export async function createNamespace(clusters: TestClusters, name: string): Promise<string> {
  const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  await Promise.all(
    Object.values(clusters.clusters).map(async ({ admin }) => {
      await admin.apply(`/api/v1/namespaces/${name}`, namespace);
      await bindRole(admin, name);
    }),
  );
  return name;
}

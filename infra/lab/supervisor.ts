/**
 * Starts the parts of a lab in the order of their needs and holds them:
 *
 *   etcd ─► API servers ─► CRDs, role, nodes ─► clustermesh-apiservers ─► cilium-labs + Envoys ─► services answer
 *   Prometheus, Temporal ──────────────────────► pod host, load generator ──────────────────────┘
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApiServer, startEtcd, type ApiServer } from './api/apiservers.ts';
import type { Workbench, ClusterWorkbench, Starters } from './workbench.ts';
import { obtainBinaries, type BinaryName } from './binaries.ts';
import { startClusterMesh, startDataPlane } from './cilium.ts';
import type { Target } from './load/dialer.ts';
import { answers } from './load/answers.ts';
import { breakLab, type BreakOrder } from './faults.ts';
import { kubeconfig } from './api/kubeconfig.ts';
import { podsSocket, type LabProcessStatus, type LabSpec, type LabState } from './lab-state.ts';
import { nodeName, type LabCluster, type LabService } from './mesh.ts';
import { deployService, prepareCluster } from './api/objects.ts';
import { startDoor } from './front-door.ts';
import { startPrometheus, startTemporal } from './observability.ts';
import { programOf, startLoadGenerator, startPodHost, type ProgramOnDemand } from './processes/own-processes.ts';
import { freePorts } from './ports.ts';
import { createProcessStarter, untilReady, type LabProcess } from './processes/process.ts';
import { writeRunFiles } from './run-files.ts';
import { claimSlot, loopbackOf, podNetwork, serviceCidr } from './processes/slot.ts';
import { refuse } from '../../core/values/error.ts';
import { present } from '../../core/values/json.ts';

export interface SupervisedLab {
  readonly state: LabState;
  status(): LabProcessStatus[];
  break(order: BreakOrder): Promise<void>;
  readonly worker: ProgramOnDemand;
  readonly frontDoor: ProgramOnDemand;
  /** Cluster address of a service by cluster, as processes of this machine reach it. */
  namespaceOf(service: string): string;
  addresses(service: string): Promise<Record<string, Target>>;
}

export interface Supervision {
  /** Rejects when a part does not come up. */
  readonly ready: Promise<SupervisedLab>;
  stop(): Promise<void>;
}

/** The last: an API server has many threads, and each would count. The traffic needs one of two cores, they get the rest. */
const controlNice = 19;

export function superviseLab(spec: LabSpec, report: (line: string) => void): Supervision {
  const abort = new AbortController();
  let starters: Starters | undefined;

  async function start(): Promise<SupervisedLab> {
    const claim = await claimSlot();
    const names: BinaryName[] | undefined = spec.parts === 'api' ? ['etcd', 'kube-apiserver', 'tether'] : undefined;
    const binaries = await obtainBinaries({
      ...present({ names }),
      report,
      signal: abort.signal,
    });
    abort.signal.throwIfAborted();
    const [dataDir, logDir] = [join(spec.runDir, 'data'), join(spec.runDir, 'logs')];
    for (const dir of [dataDir, logDir]) mkdirSync(dir, { recursive: true, mode: 0o700 });
    starters = {
      traffic: createProcessStarter({ binaries, logDir }),
      control: createProcessStarter({ binaries, logDir, nice: controlNice }),
    };
    return startParts({ spec, slot: claim.slot, dataDir, starters, signal: abort.signal, report });
  }

  return {
    ready: start(),
    async stop() {
      abort.abort(new Error('the lab is being stopped'));
      await Promise.all([starters?.traffic.stopAll(), starters?.control.stopAll()]);
    },
  };
}

async function startParts(bench: Workbench): Promise<SupervisedLab> {
  const { spec, starters, dataDir, report } = bench;
  const withTraffic = spec.parts === 'all';
  report('starting etcd and the API servers');
  const envoyPorts = await freePorts(spec.mesh.clusters.reduce((sum, { nodes }) => sum + nodes, 0));
  const envoysOf = new Map(
    spec.mesh.clusters.map((cluster) => [
      cluster.name,
      Array.from({ length: cluster.nodes }, (_, i) => ({
        node: nodeName(cluster, i),
        adminPort: envoyPorts.shift() ?? 0,
      })),
    ]),
  );
  const scraped = [...envoysOf].flatMap(([cluster, envoys]) => envoys.map((envoy) => ({ cluster, ...envoy })));
  const observability = withTraffic
    ? Promise.all([
        startPrometheus(starters.control, { dir: dataDir, envoys: scraped, scrapeIntervalMs: spec.metricsIntervalMs }),
        startTemporal(starters.control, dataDir),
        startDoor(bench),
      ])
    : Promise.resolve(undefined);
  observability.catch(() => undefined); // awaited below
  const etcd = await startEtcd(starters.control, 'etcd', dataDir);
  const clusters = await Promise.all(
    spec.mesh.clusters.map((cluster) =>
      startCluster(bench, { cluster, etcdUrl: etcd.url, envoys: envoysOf.get(cluster.name) ?? [] }),
    ),
  );
  report('API servers are ready');
  const [prometheus, temporal, door] = (await observability) ?? [];
  const adminPorts = prometheus ? await startTraffic(bench, clusters, prometheus.url) : new Map<string, number>();
  const state = writeRunFiles(bench, clusters, {
    adminPorts,
    prometheusUrl: prometheus?.url ?? '',
    temporalAddress: temporal?.address ?? '',
    temporalUiUrl: temporal?.uiUrl ?? '',
    door,
  });
  const lab = handle(bench, state, { clusters, prometheus: prometheus?.process });
  if (prometheus) await untilServing(bench, lab, prometheus.url);
  return lab;
}

async function startCluster(
  bench: Workbench,
  options: { cluster: LabCluster; etcdUrl: string; envoys: { node: string; adminPort: number }[] },
): Promise<ClusterWorkbench> {
  const { cluster, etcdUrl, envoys } = options;
  const { spec, slot, dataDir: dir, starters, signal } = bench;
  const cidr = serviceCidr(slot, cluster.id);
  const api = await startApiServer(starters.control, {
    cluster: cluster.name,
    etcdUrl,
    serviceCidr: cidr,
    dir,
    signal,
  });
  await prepareCluster(api.client, cluster, spec.mesh.services);
  const write = (folder: string, user: string, target: ApiServer['admin']): string => {
    mkdirSync(join(spec.runDir, folder), { recursive: true });
    const file = join(spec.runDir, folder, `${cluster.name}.yaml`);
    writeFileSync(file, kubeconfig([{ name: cluster.name, user, target }]), { mode: 0o600 });
    return file;
  };
  const adminKubeconfig = write('data/admin', 'admin', api.admin);
  return { cluster, api, envoys, adminKubeconfig, kubeconfig: write('kubeconfigs', 'tidegate', api.tidegate) };
}

/** Everything that carries or makes traffic; gives the admin port of each cluster's cilium-lab. */
async function startTraffic(
  bench: Workbench,
  clusters: ClusterWorkbench[],
  prometheusUrl: string,
): Promise<Map<string, number>> {
  const { spec, slot, starters, signal, dataDir: dir, report } = bench;
  startPodHost(bench, clusters, prometheusUrl);
  startLoadGenerator(bench, clusters);
  const deployed = Promise.all(
    clusters.flatMap(({ api }) => spec.mesh.services.map((service) => deployService(api.client, service))),
  );
  report("starting Cilium's control planes and the Envoys");
  const optionsOf = ({ cluster, adminKubeconfig }: ClusterWorkbench) => ({
    cluster,
    dir,
    kubeconfig: adminKubeconfig,
    network: podNetwork(slot, cluster.id),
    signal,
  });
  const meshes = await Promise.all(
    clusters.map(async (one) => ({
      name: one.cluster.name,
      ...(await startClusterMesh(starters.control, optionsOf(one))),
    })),
  );
  const planes = await Promise.all(
    clusters.map(async (one) => {
      const remotes = meshes.filter(({ name }) => name !== one.cluster.name);
      const { adminPort } = await startDataPlane(starters.traffic, { ...optionsOf(one), remotes, envoys: one.envoys });
      return [one.cluster.name, adminPort] as const;
    }),
  );
  await deployed;
  return new Map(planes);
}

function handle(
  { spec, starters, signal }: Workbench,
  state: LabState,
  parts: { clusters: ClusterWorkbench[]; prometheus: LabProcess | undefined },
): SupervisedLab {
  const apiServers = new Map(parts.clusters.map(({ cluster, api }) => [cluster.name, api.process]));
  const broken = new Set<string>();
  const serviceOf = (name: string): LabService => {
    const known = spec.mesh.services;
    const wanted = known.find((one) => one.name === name);
    return (
      wanted ??
      refuse('Invalid', `This lab has no service ${name}`, `Known are: ${known.map((one) => one.name).join(', ')}.`)
    );
  };
  const processes = (): LabProcess[] => [...starters.control.processes, ...starters.traffic.processes];
  return {
    state,
    status: () =>
      processes().map(({ name, pid, running, failure }) => ({
        name,
        pid,
        running,
        ...present({ failure }),
      })),
    break: (order) =>
      breakLab(
        {
          podsSocket: join(spec.runDir, podsSocket),
          clusters: state.clusters,
          apiServers,
          prometheus: parts.prometheus,
          processes: processes(),
          broken,
        },
        order,
      ),
    worker: programOf(starters.control, {
      ...{ name: 'worker', args: ['worker'], readyText: 'worker ready' },
      ...{ env: { ...state.env }, signal },
    }),
    frontDoor: programOf(starters.control, {
      ...{ name: 'front-door', args: ['serve', '--listen', state.env.TIDEGATE_URL.replace('http://', '')] },
      ...{ readyText: 'the front door is open', env: { ...state.env }, signal },
    }),
    namespaceOf: (name) => serviceOf(name).namespace,
    async addresses(name) {
      const { namespace, ports } = serviceOf(name);
      const [{ speaks, port }] = ports;
      const entries = parts.clusters.map(async ({ cluster, api }) => {
        const path = `/api/v1/namespaces/${namespace}/services/${name}`;
        const { spec: found } = await api.client.get<{ spec: { clusterIP: string } }>(path);
        return [cluster.name, { service: name, host: loopbackOf(found.clusterIP), port, speaks }] as const;
      });
      return Object.fromEntries(await Promise.all(entries));
    },
  };
}

/** Every service answers at its cluster address in every cluster, and Prometheus scrapes every Envoy. */
async function untilServing(bench: Workbench, lab: SupervisedLab, prometheusUrl: string): Promise<void> {
  bench.report('waiting until the services answer');
  const { signal } = bench;
  const answering = bench.spec.mesh.services.map(async ({ name }) => {
    for (const [cluster, target] of Object.entries(await lab.addresses(name)))
      await untilReady(`${cluster}: ${name} at ${target.host}:${target.port}`, () => answers(target), { signal });
  });
  const envoys = bench.spec.mesh.clusters.reduce((sum, { nodes }) => sum + nodes, 0);
  const query = `${prometheusUrl}/api/v1/query?query=${encodeURIComponent('count(up{job="envoy"} == 1)')}`;
  const scraped = untilReady(
    'Prometheus: scrapes of all Envoys',
    async () => {
      const body = (await (await fetch(query)).json()) as { data?: { result?: { value: [number, string] }[] } };
      return Number(body.data?.result?.[0]?.value[1] ?? 0) === envoys;
    },
    { signal },
  );
  await Promise.all([...answering, scraped]);
}

/** One service of the config, over all its clusters: routes, records, versions, metrics. */
import { readRecords } from '../../activities/apply/read-records.ts';
import { standaloneActivity, systemClock } from '../../activities/ports.ts';
import type { LoadedConfig, ReachableConfig, MeshCluster } from '../../core/config/types.ts';
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';
import { handleOf } from '../rollouts/rollout.ts';
import { readsBackMs } from '../../core/judge/judge.ts';
import { protocolOf } from '../../core/judge/series/conventions.ts';
import { otherNamesQueries, readOtherNames } from '../../core/judge/series/other-names.ts';
import { envoyListener, envoyMembership, serverPresence } from '../../core/judge/series/selectors.ts';
import { serviceRef } from '../../core/rollout/plan/frame.ts';
import type { Part } from '../../core/routing/part.ts';
import { topologies } from '../../core/rollout/plan/versions.ts';
import { listenerStatName } from '../../core/routing/names.ts';
import { weightsOf } from '../../core/routing/weights.ts';
import { formatShare, WHOLE } from '../../core/values/share.ts';
import type { ClusterFacts } from '../../core/workload/facts.ts';
import { promqlOf } from '../../platform/metrics/promql.ts';
import { configuredClusters } from '../configured-clusters.ts';
import type { Clusters } from '../../platform/kube/clusters.ts';
import type { Check, CheckGroup, Finding, Observation } from './check.ts';
import { countingFindings } from './counting-findings.ts';
import { lookAtListener } from './listener-findings.ts';
import { readRecent, type MetricsPort } from './metrics-checks.ts';
import {
  bypassFindings,
  foreignFindings,
  freshnessFindings,
  frontendFindings,
  halfMovedFindings,
  handsOffFindings,
  isAdopted,
  membershipFindings,
  routedClusters,
  versionFindings,
  type Observed,
  type ServiceFacts,
} from './service-findings.ts';
import { configFindings, secondServiceFindings, shapeFindings, unseenFindings } from './shape-findings.ts';
import type { TemporalPort } from './temporal-checks.ts';

export interface ServicePorts {
  readonly clusters: Clusters;
  readonly temporal: TemporalPort;
  /** null: the backend does not answer, which is said elsewhere. */
  readonly metrics: MetricsPort | null;
  readonly signal: AbortSignal;
}

export function serviceChecks(ports: ServicePorts, config: ReachableConfig): CheckGroup {
  const facts = once(() => readFacts(ports, config));
  const check = (description: string, look: Check['look'], gates = false): Check => ({
    description,
    severity: 'error',
    hint: 'see the checks of its clusters above',
    retries: 1,
    gates,
    look,
  });
  const told = (find: (facts: ServiceFacts) => Finding[]) => async (): Promise<Observation> => ({
    note: '',
    findings: find(await facts()),
  });
  return {
    title: `service ${config.service.namespace}/${config.service.name}`,
    checks: [
      check('its Service stands in every cluster', async () => {
        const read = await facts();
        return { note: stateText(read), findings: frontendFindings(read) };
      }),
      check(
        'its Service can be taken as it is',
        told((read) => shapeFindings(read, config.service)),
      ),
      check('no second Service leads to its pods', told(secondServiceFindings)),
      check(
        'no route of somebody else',
        told((read) => [...foreignFindings(read), ...unseenFindings(read)]),
      ),
      check('its traffic is the proven one', async () => {
        const read = await facts();
        const [versions, topology] = await Promise.all([
          isRunning(ports, config, 'versions'),
          isRunning(ports, config, 'topology'),
        ]);
        return { note: '', findings: halfMovedFindings(read, { versions, topology }) };
      }),
      check(
        'its Service is as the record says, and nobody has paused it',
        told((read) => handsOffFindings(read, config.service.drift ?? 'repair')),
      ),
      check('the config of its versions is what they were made with', told(configFindings)),
      check('callers that go past Envoy', told(bypassFindings)),
      ...(ports.metrics === null ? [] : observedChecks({ metrics: ports.metrics, config, facts, check })),
    ],
  };
}

interface Observing {
  readonly metrics: MetricsPort;
  readonly config: ReachableConfig;
  readonly facts: () => Promise<ServiceFacts>;
  readonly check: (description: string, look: Check['look']) => Check;
}

function observedChecks({ metrics, config, facts, check }: Observing): Check[] {
  const { service, mesh } = config;
  // '' stands for series without the label, so that its absence can be told from silence.
  const clusters = [...mesh.clusters.map(({ ref }) => ref.name), ''];
  const server = (signal: AbortSignal): Promise<Observed> =>
    readRecent(
      metrics,
      serverPresence({ service: service.name, clusters, protocol: protocolOf(service.slos) }),
      signal,
    );
  return [
    check('its server metrics are fresh', async (signal) => {
      const read = await facts();
      const findings = freshnessFindings(read, await server(signal), readsBackMs(service.judge));
      return { note: findings.length > 0 ? '' : routedClusters(read).join(', '), findings };
    }),
    check('its requests can be counted, each once', async (signal) => {
      const { series, nowMs } = await server(signal);
      const protocol = protocolOf(service.slos);
      const scope = { service: service.name, protocol, clusters };
      const others = await readOtherNames({ metrics: metrics.connect(), signal, toMs: nowMs }, scope);
      const [plain = ''] = otherNamesQueries(scope).map(promqlOf);
      const queries = { counted: promqlOf(serverPresence(scope)), others: plain };
      const stored = { namespace: service.namespace, service: service.name, protocol, series, others, queries };
      return { note: '', findings: countingFindings(stored) };
    }),
    check('label app.kubernetes.io/version equals service.version', async (signal) => ({
      note: '',
      findings: versionFindings(await facts(), await server(signal)),
    })),
    check('every Envoy has healthy pods for what gets calls', async (signal) => {
      const stats = statsOf(await facts());
      const names = [...new Set(Object.values(stats).flat())];
      if (names.length === 0) return { note: 'not adopted', findings: [] };
      const wanted = envoyMembership({ stats: names, clusters: Object.keys(stats) });
      return { note: '', findings: membershipFindings(stats, await readRecent(metrics, wanted, signal)) };
    }),
    check('what its listener refuses is counted', async (signal) => {
      const read = await facts();
      const wanted = envoyListener({ prefix: listenerStatName(read), clusters });
      return lookAtListener(read, await readRecent(metrics, wanted, signal));
    }),
  ];
}

/** Stat names with a weight above 0, by client cluster. */
const statsOf = ({ clusters }: ServiceFacts): Record<string, string[]> =>
  Object.fromEntries(
    clusters.filter(isAdopted).map(({ cluster, record }) => {
      const weights = record === null ? [] : weightsOf(record, 'current');
      return [cluster, weights.filter(({ weight }) => weight > 0).map(({ statName }) => statName)];
    }),
  );

async function readFacts(ports: ServicePorts, config: ReachableConfig): Promise<ServiceFacts> {
  const { namespace, name } = config.service;
  const clusters = await Promise.all(config.mesh.clusters.map((cluster) => factsOf(ports, config, cluster)));
  const protocol = protocolOf(config.service.slos);
  return { namespace, service: name, clusters, topology: topologies(config, clusters), protocol };
}

/** A cluster that refuses us is told like one that cannot be reached: the others still count. */
async function factsOf(
  { clusters, signal }: ServicePorts,
  config: ReachableConfig,
  cluster: MeshCluster<ReachableCluster>,
): Promise<ClusterFacts> {
  const { ref } = cluster;
  const own = configuredClusters(clusters, [cluster]);
  const deps = { clusters: own, clock: systemClock, activity: standaloneActivity(signal, systemClock.nowMs()) };
  try {
    const read = await readRecords(deps, { service: serviceRef(config), clusters: [ref] });
    const [facts] = read.clusters;
    if (facts !== undefined) return facts;
    throw new RangeError(`no facts of ${ref.name}`);
  } catch (error) {
    signal.throwIfAborted();
    const unreachable = error instanceof Error ? error.message : String(error);
    return { cluster: ref.name, unreachable, record: null, frontend: null, workloads: [], foreign: [], bypasses: [] };
  }
}

/** Is a rollout of the service under way? null: Temporal does not say. */
async function isRunning(
  { temporal }: ServicePorts,
  { mesh, service }: LoadedConfig,
  part: Part,
): Promise<boolean | null> {
  const of = { mesh: mesh.name, namespace: service.namespace, service: service.name, part };
  try {
    const { client } = await temporal.access();
    const handle = await handleOf(client, { ...of, installation: mesh.installation });
    return (await handle.describe()).status.name === 'RUNNING';
  } catch (error) {
    return error instanceof Error && error.name === 'WorkflowNotFoundError' ? false : null;
  }
}

function stateText({ clusters }: ServiceFacts): string {
  const adopted = clusters.filter(isAdopted);
  if (adopted.length === 0) return 'not adopted';
  const states = adopted.flatMap(({ record }) =>
    Object.entries(record?.versions.current ?? {}).map(
      ([serving, shares]) =>
        `${serving} ${Object.entries(shares)
          .filter(([, share]) => share > 0)
          .map(([version, share]) => (share === WHOLE ? version : `${version} ${formatShare(share)}`))
          .join(' + ')}`,
    ),
  );
  const known = clusters.filter(({ unreachable }) => unreachable === '').length;
  const partly = adopted.length < known ? ` (adopted in ${adopted.length} of ${known} clusters)` : '';
  return `${[...new Set(states)].join(', ')}${partly}`;
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let pending: Promise<T> | undefined;
  return () => (pending ??= read());
}

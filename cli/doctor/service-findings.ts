/** What the facts of one service say that a person should know. Pure. */
import { settlerHint } from '../../core/rollout/running.ts';
import { HTTP_SERVER, RPC_SERVER } from '../../core/judge/series/conventions.ts';
import { envoyName } from '../../core/judge/series/origin.ts';
import type { RawSeries } from '../../core/judge/series/raw-series.ts';
import { driftsOf } from '../../core/rollout/drift.ts';
import { halfMovedParts, partFlag, type Part } from '../../core/routing/part.ts';
import type { Shares } from '../../core/values/share.ts';
import type { ClusterFacts, WorkloadFacts } from '../../core/workload/facts.ts';
import type { DriftPolicy } from '../../core/workload/frontend/drift-policy.ts';
import { pauseText, unpauseHint } from '../../core/workload/frontend/pauses.ts';
import type { Finding } from './check.ts';
import { envoysOf, labelOf, reportingOf, secondsText, valuesOf } from './series.ts';
import { REPORTED_WITHIN_MS } from '../../core/judge/series/selectors.ts';

export interface ServiceFacts {
  readonly namespace: string;
  readonly service: string;
  readonly clusters: readonly ClusterFacts[];
  /** Per client cluster the share of each serving cluster, ppm. */
  readonly topology: Readonly<Record<string, Shares>>;
  /** What its pods report. */
  readonly protocol: 'http' | 'rpc';
}

const where = ({ namespace, service }: ServiceFacts, cluster: string): string =>
  `${cluster}/${namespace}/Service/${service}`;

export const isAdopted = (one: ClusterFacts): boolean => one.record !== null && one.record.versions.proven !== null;

export const frontendFindings = (facts: ServiceFacts): Finding[] =>
  facts.clusters.flatMap((one): Finding[] => {
    if (one.unreachable !== '')
      return [{ severity: 'error', text: one.unreachable, fix: 'see the checks of that cluster above' }];
    if (one.frontend !== null) return [];
    const text = `${where(facts, one.cluster)} does not exist`;
    return [
      { severity: 'error', text, fix: 'create it: same name, namespace and port names in every cluster of the mesh' },
    ];
  });

export const foreignFindings = (facts: ServiceFacts): Finding[] =>
  facts.clusters.flatMap(({ cluster, foreign }) =>
    foreign.map((name) => ({
      severity: 'error',
      text: `${where(facts, cluster)}: ${name} routes it too`,
      fix: 'remove that object, or leave the service to its manager: two routes of one Service have no defined order',
    })),
  );

/** What keeps forward changes waiting: a pause, or a frontend that is left as somebody has changed it. */
export const handsOffFindings = (facts: ServiceFacts, drift: DriftPolicy): Finding[] =>
  facts.clusters.flatMap((one): Finding[] => {
    const { cluster, frontend, pauses = [] } = one;
    const { service } = facts;
    const paused = pauses.map((pause): Finding => {
      const whose = pause.of === 'service' ? service : 'the cluster';
      const text = `${cluster}: ${whose} is ${pauseText(pause)}`;
      return { severity: 'warning', text, fix: unpauseHint(pause, { service, cluster }) };
    });
    const drifts = frontend === null ? [] : driftsOf({ ...one, service, pinned: frontend.pinned }, drift);
    return [
      ...paused,
      ...drifts.map(({ text, does, fix }): Finding => {
        if (does === 'ask') return { severity: 'error', text, fix };
        return { severity: 'warning', text, fix: `nothing, it is mended by the next audit: tidegate audit ${service}` };
      }),
    ];
  });

export const bypassFindings = (facts: ServiceFacts): Finding[] =>
  facts.clusters.flatMap(({ cluster, bypasses }) =>
    bypasses.map((name) => ({
      severity: 'warning',
      text: `${cluster}: ${name} dials the pods of ${facts.service} past Envoy`,
      fix: 'nothing to do if that is meant: its clients always get the proven version, and are no part of a canary',
    })),
  );

/** `running`: is a rollout of that part under way? Then a difference is its work. null: nobody could say. */
export const halfMovedFindings = (
  facts: ServiceFacts,
  running: Readonly<Partial<Record<Part, boolean | null>>>,
): Finding[] =>
  facts.clusters.flatMap(({ cluster, record }) =>
    (record === null ? [] : halfMovedParts(record))
      .filter((part) => running[part] !== true)
      .map((part): Finding => {
        const what = part === 'versions' ? 'current traffic differs from the proven one' : `its ${part} is half moved`;
        const unknown = running[part] === null;
        return {
          severity: 'error',
          text: `${where(facts, cluster)}: ${what} since run ${record?.[part].run ?? ''}, ${unknown ? 'and Temporal could not be asked whether a rollout runs' : 'and no rollout runs (was it terminated?)'}`,
          fix: unknown
            ? `tidegate restore ${facts.service}${partFlag(part)} --from-cluster, if no rollout runs`
            : settlerHint(facts.service, part),
        };
      }),
  );

/** Serving clusters that some client cluster sends calls to. */
export const routedClusters = ({ topology, clusters }: ServiceFacts): string[] =>
  clusters
    .map(({ cluster }) => cluster)
    .filter((cluster) => Object.values(topology).some((shares) => (shares[cluster] ?? 0) > 0));

/** Versions that get calls in a serving cluster. null: not adopted, so every running one does. */
function servedVersions({ clusters }: ServiceFacts, serving: string): string[] | null {
  const adopted = clusters.filter(isAdopted);
  if (adopted.length === 0) return null;
  const shares = adopted.flatMap(({ record }) => Object.entries(record?.versions.current?.[serving] ?? {}));
  return [...new Set(shares.filter(([, share]) => share > 0).map(([version]) => version))];
}

export interface Observed {
  /** Series of the service in the last minutes, also those without the labels that they should have. */
  readonly series: readonly RawSeries[];
  /** The backend's time, ms since the epoch. */
  readonly nowMs: number;
}

const inCluster = ({ series }: Observed, cluster: string): RawSeries[] =>
  series.filter((one) => labelOf(one, 'k8s_cluster_name') === cluster);

const PROMOTE =
  'let Prometheus promote service.name, service.version and k8s.cluster.name (otlp.promote_resource_attributes), and set them for the pods (OTEL_RESOURCE_ATTRIBUTES)';

export function freshnessFindings(facts: ServiceFacts, observed: Observed, windowMs: number): Finding[] {
  const metric = `${facts.protocol === 'http' ? HTTP_SERVER : RPC_SERVER}_count{service_name="${facts.service}"}`;
  const astray = inCluster(observed, '').length;
  if (astray > 0) {
    const text = `${astray} series ${metric} have no label k8s_cluster_name: nobody can tell whose they are`;
    return [{ severity: 'error', text, fix: PROMOTE }];
  }
  return routedClusters(facts).flatMap((cluster): Finding[] => {
    const reporting = reportingOf(inCluster(observed, cluster), observed.nowMs);
    if (reporting === null) {
      const text = `${cluster}: no ${metric} in the last ${secondsText(REPORTED_WITHIN_MS)}`;
      return [{ severity: 'error', text, fix: `send some requests; if it stays: ${PROMOTE}` }];
    }
    if (!reporting.fresh) {
      const text = `${cluster}: the last sample of ${metric} is ${secondsText(observed.nowMs - reporting.newestMs)} old`;
      return [{ severity: 'error', text, fix: "look at the pods' OTLP exporter and at the collector between" }];
    }
    // 0: a judge without a window takes samples as they come, however rare they are.
    if (windowMs === 0 || 2 * reporting.intervalMs <= windowMs) return [];
    const text = `${cluster}: a sample every ${secondsText(reporting.intervalMs)}, but the judge looks at ${secondsText(windowMs)}`;
    const fix =
      'export more often (OTEL_METRIC_EXPORT_INTERVAL, in ms), or widen spec.judge.window to two intervals or more';
    return [{ severity: 'warning', text, fix }];
  });
}

/** Labels say v1 and metrics say 1.0: every verdict on v1 would be "no data". */
export const versionFindings = (facts: ServiceFacts, observed: Observed): Finding[] =>
  facts.clusters.filter(({ unreachable }) => unreachable === '').flatMap((one) => versionsOf(facts, one, observed));

function versionsOf(facts: ServiceFacts, { cluster, workloads }: ClusterFacts, observed: Observed): Finding[] {
  const running = workloads.filter(({ ready }) => ready > 0);
  const labelled = running.map(({ version }) => version).filter((version) => version !== '');
  const unlabelled = running.filter(({ version }) => version === '');
  const live = inCluster(observed, cluster).filter((one) => reportingOf([one], observed.nowMs)?.fresh === true);
  const seen = valuesOf(live, 'service_version').filter((version) => version !== '');
  const served = servedVersions(facts, cluster);
  const expected = labelled.filter((version) => served === null || served.includes(version));
  const silent = expected.filter((version) => !seen.includes(version));
  const unknown = seen.filter((version) => !labelled.includes(version));
  return [
    ...unlabelled.map(({ deployment, derived }): Finding => ({
      severity: 'warning',
      text: `${cluster}/${facts.namespace}/Deployment/${deployment}: its pods carry no label app.kubernetes.io/version`,
      fix: `add it (equal to service.version), or adopt with: tidegate adopt ${facts.service} --version V${fallbackText(derived)}`,
    })),
    ...(live.some((one) => labelOf(one, 'service_version') === '')
      ? [
          {
            severity: 'error',
            text: `${cluster}: series of ${facts.service} have no label service_version`,
            fix: PROMOTE,
          } as const,
        ]
      : []),
    ...mismatch(facts, { cluster, silent, unknown }),
  ];
}

const fallbackText = (derived: WorkloadFacts['derived']): string =>
  derived === undefined || derived.version === ''
    ? ''
    : `; without --version it is ${derived.version}, by ${derived.by}`;

interface Differing {
  readonly cluster: string;
  /** Labelled and routed to, but not reported. */
  readonly silent: readonly string[];
  /** Reported, but on no running pod. */
  readonly unknown: readonly string[];
}

function mismatch({ service }: ServiceFacts, { cluster, silent, unknown }: Differing): Finding[] {
  if (silent.length > 0 && unknown.length > 0) {
    const text = `${cluster}: the pods of ${service} are labelled ${silent.join(', ')}, but report service.version ${unknown.join(', ')}`;
    const fix = 'make app.kubernetes.io/version and service.version (OTEL_RESOURCE_ATTRIBUTES) the same text';
    return [{ severity: 'error', text, fix }];
  }
  const still = silent.map((version): Finding => ({
    severity: 'warning',
    text: `${cluster}: ${service} ${version} has ready pods, but reports nothing with service.version=${version}`,
    fix: 'send it some requests; if it stays, look at its OTLP exporter',
  }));
  const gone = unknown.map((version): Finding => ({
    severity: 'warning',
    text: `${cluster}: ${service} reports service.version=${version}, but no ready pod carries that label`,
    fix: 'nothing to do if it was stopped a moment ago; else correct the label or service.version',
  }));
  return [...still, ...gone];
}

/** Healthy hosts that each Envoy sees of what gets calls. `stats`: stat names with a weight above 0, by client cluster. */
export function membershipFindings(
  stats: Readonly<Record<string, readonly string[]>>,
  { series, nowMs }: Observed,
): Finding[] {
  return Object.entries(stats).flatMap(([cluster, wanted]) => {
    const own = series.filter(
      (one) => labelOf(one, 'k8s_cluster_name') === cluster && reportingOf([one], nowMs)?.fresh === true,
    );
    return envoysOf(own).flatMap((instance) => {
      const hosts = new Map(
        own
          .filter(({ labels }) => envoyName(labels) === instance)
          .map((one) => [labelOf(one, 'envoy_cluster_name'), one.samples.at(-1)?.value ?? 0]),
      );
      return wanted.flatMap((stat): Finding[] => {
        const healthy = hosts.get(stat);
        if (healthy !== undefined && healthy > 0) return [];
        const text = `${cluster}/${instance}: Envoy ${healthy === undefined ? 'does not know' : 'sees no healthy pod of'} ${stat}, which gets calls`;
        const fix =
          'look at the CiliumEnvoyConfig there (cilium-dbg status, logs of the agent) and at the endpoints of that Service';
        return [{ severity: 'error', text, fix }];
      });
    });
  });
}

/** The metrics backend, and the Envoys that report to it: half of every verdict, and every proof of a weight. */
import { envoyName } from '../../core/judge/series/origin.ts';
import type { RawSeries } from '../../core/judge/series/raw-series.ts';
import type { ReachableMesh } from '../../core/config/types.ts';
import { refuse } from '../../core/values/error.ts';
import { envoyPresence, REPORTED_WITHIN_MS } from '../../core/judge/series/selectors.ts';
import type { CountSource, SeriesQuery } from '../../core/judge/series/source.ts';
import { well, type Check, type CheckGroup, type Finding, type Observation } from './check.ts';
import { envoysOf, labelOf, reportingOf, secondsText } from './series.ts';

/** A larger difference of clocks puts counts on the wrong side of a write, ms. */
const CLOCK_APART_MS = 5_000;

export interface MetricsPort {
  /** Throws when the mesh names no backend, or its token is missing. */
  readonly connect: () => CountSource;
  /** Our clock, ms since the epoch. */
  readonly now: () => number;
}

/** Raw series of the last minutes, and the backend's time at which they were asked for. */
export async function readRecent(
  { connect, now }: MetricsPort,
  query: SeriesQuery,
  signal: AbortSignal,
): Promise<{ series: readonly RawSeries[]; nowMs: number }> {
  const metrics = connect();
  const nowMs = now() + (await metrics.clockOffsetMs(signal));
  const series = await metrics.range({ series: query, toMs: nowMs, rangeMs: REPORTED_WITHIN_MS }, signal);
  return { series, nowMs };
}

export function metricsChecks(port: MetricsPort, mesh: ReachableMesh): CheckGroup {
  if (mesh.metrics?.kind === 'otlp') return { title: 'metrics', checks: [receiverCheck] };
  const clusters = mesh.clusters.map(({ ref }) => ref.name);
  return {
    title: 'metrics',
    checks: [
      {
        description: 'the backend answers, and its clock agrees with ours',
        severity: 'error',
        hint: 'check spec.metrics.prometheus.url of the Mesh document',
        retries: 1,
        gates: true,
        look: (signal) => lookAtClock(port, mesh, signal),
      },
      {
        description: 'Envoys of every client cluster report',
        severity: 'error',
        hint: 'scrape cilium-envoy (envoy.prometheus.enabled) with the labels k8s_cluster_name and instance',
        retries: 1,
        look: async (signal) => {
          const { series, nowMs } = await readRecent(port, envoyPresence(clusters), signal);
          return envoySeen(clusters, series, nowMs);
        },
      },
    ],
  };
}

/** What it holds is in the memory of another process. */
const receiverCheck: Check = {
  description: 'counts come from the OTLP receiver of the worker',
  severity: 'warning',
  hint: '',
  retries: 0,
  look: async () =>
    well('not looked at: doctor runs outside of the worker; a rollout asks the receiver before its first write'),
};

async function lookAtClock({ connect }: MetricsPort, mesh: ReachableMesh, signal: AbortSignal): Promise<Observation> {
  if (mesh.metrics === null) {
    refuse(
      'Invalid',
      `mesh ${mesh.name} names no metrics backend: no version can be deployed`,
      'set spec.metrics.prometheus.url of the Mesh document, or spec.metrics.otlp',
    );
  }
  const offsetMs = await connect().clockOffsetMs(signal);
  const where = mesh.metrics.kind === 'otlp' ? 'the OTLP receiver' : mesh.metrics.url;
  const note = `${where}, ${Math.abs(offsetMs)} ms apart`;
  if (Math.abs(offsetMs) < CLOCK_APART_MS) return { note, findings: [] };
  const text = `the clock of the metrics backend is ${secondsText(Math.abs(offsetMs))} ${offsetMs > 0 ? 'ahead of' : 'behind'} this machine's`;
  const fix = 'synchronise both (NTP); workers must agree with the metrics backend too';
  return { note, findings: [{ severity: 'error', text, fix }] };
}

export function envoySeen(clusters: readonly string[], series: readonly RawSeries[], nowMs: number): Observation {
  const perCluster = clusters.map((cluster) => {
    const own = series.filter((one) => labelOf(one, 'k8s_cluster_name') === cluster);
    const instances = envoysOf(own).map((instance) => ({
      instance,
      reporting: reportingOf(
        own.filter(({ labels }) => envoyName(labels) === instance),
        nowMs,
      ),
    }));
    return { cluster, instances };
  });
  const findings = perCluster.flatMap(({ cluster, instances }): Finding[] => {
    if (instances.length === 0) {
      const text = `${cluster}: no envoy_server_live with k8s_cluster_name="${cluster}" in the last ${secondsText(REPORTED_WITHIN_MS)}`;
      const fix =
        'scrape every cilium-envoy there, and give its series the label k8s_cluster_name (the name in the Mesh document)';
      return [{ severity: 'error', text, fix }];
    }
    return instances.flatMap(({ instance, reporting }) => {
      if (reporting === null || reporting.fresh) return [];
      const text = `${cluster}/${instance}: the last sample is ${secondsText(nowMs - reporting.newestMs)} old`;
      return [
        {
          severity: 'warning',
          text,
          fix: 'look at that scrape target; ignore it when the node is gone',
        } satisfies Finding,
      ];
    });
  });
  const note = perCluster.map(({ cluster, instances }) => `${cluster} ${instances.length}`).join(', ');
  return { note, findings };
}

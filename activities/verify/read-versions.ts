/** readVersions: by which names the pods of a service have reported lately. Only reads. */
import type { ReadVersionsInput } from '../../core/contract/activities.ts';
import { ownSeries } from '../../core/judge/series/namespaces.ts';
import { REPORTED_WITHIN_MS, serverPresence } from '../../core/judge/series/selectors.ts';
import type { ReportedVersions } from '../../core/rollout/preflight/reported-versions.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { ObserveDeps } from '../ports.ts';
import { connectMetrics } from './metrics.ts';

/** Empty: the backend does not tell; whether a verdict is possible is asked apart from this. */
export async function readVersions(
  deps: ObserveDeps,
  { service, protocol, clusters }: ReadVersionsInput,
  signal: AbortSignal,
): Promise<readonly ReportedVersions[]> {
  try {
    const metrics = await connectMetrics(deps, service.mesh);
    if (metrics === null) return [];
    const toMs = deps.now() + (await metrics.clockOffsetMs(signal));
    const series = serverPresence({ service: service.service, clusters, protocol });
    const found = await metrics.range({ series, toMs, rangeMs: REPORTED_WITHIN_MS }, signal);
    const { series: ours } = ownSeries(found, service);
    return clusters.map((cluster) => {
      const own = ours.filter(({ labels }) => labels['k8s_cluster_name'] === cluster);
      return { cluster, versions: [...new Set(own.map(({ labels }) => labels['service_version'] ?? ''))].sort() };
    });
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return [];
  }
}

/** The new version's share of the requests, as recorded counts have it. */
import { WHOLE } from '../../values/share.ts';
import { countIncrements, type Counted } from '../series/counters.ts';
import type { Labels, RawSeries } from '../series/raw-series.ts';
import { countServed, type Served } from '../series/served.ts';

export interface ShareOf extends Omit<Served, 'startMs'> {
  readonly newVersion: string;
  readonly oldVersion: string;
  /** Envoy's names of both versions' subsets, one of each per serving cluster. */
  readonly newStats: readonly string[];
  readonly oldStats: readonly string[];
  readonly sinceMs: number;
}

/** ppm; 0 without requests. The pods' counts, or Envoy's where pods report none. A whole only when the old one had none. */
export const countedShare = (series: readonly RawSeries[], of: ShareOf): number => {
  const sum = (counted: Counted, isMine: (labels: Labels) => boolean): number =>
    counted.series
      .filter(({ labels }) => isMine(labels))
      .flatMap(({ increments }) => increments)
      .reduce((all, { atMs, by }) => all + (atMs > of.sinceMs ? by : 0), 0);
  const requests = series.filter(({ labels }) => isServerCount(labels));
  const byPods = countServed(requests, { service: of.service, probeRoutes: of.probeRoutes, startMs: 0 });
  const answers = series.filter(({ labels }) => labels['__name__'] === 'envoy_cluster_upstream_rq_xx');
  const byEnvoys = countIncrements(answers, 0);
  const served = (version: string): number => sum(byPods, (labels) => labels['service_version'] === version);
  const answered = (stats: readonly string[]): number =>
    sum(byEnvoys, (labels) => stats.includes(labels['envoy_cluster_name'] ?? ''));
  const server = [served(of.newVersion), served(of.oldVersion)] as const;
  const [newer, older] = server[0] + server[1] > 0 ? server : [answered(of.newStats), answered(of.oldStats)];
  if (newer === 0) return 0;
  return older === 0 ? WHOLE : Math.min(WHOLE - 1, Math.floor((WHOLE * newer) / (newer + older)));
};

const isServerCount = ({ __name__: name = '' }: Labels): boolean => /^(?:http|rpc)_server_.*_count$/.test(name);

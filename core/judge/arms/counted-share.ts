/** The new version's share of the requests, as recorded counts have it. */
import { WHOLE } from '../../values/share.ts';
import { countIncrements, type RawSeries } from '../series/counters.ts';

export interface ShareOf {
  readonly newVersion: string;
  readonly oldVersion: string;
  /** Envoy's names of both versions' subsets, one of each per serving cluster. */
  readonly newStats: readonly string[];
  readonly oldStats: readonly string[];
  readonly sinceMs: number;
}

/** ppm; 0 without requests. The pods' counts, or Envoy's where pods report none. A whole only when the old one had none. */
export const countedShare = (series: readonly RawSeries[], of: ShareOf): number => {
  const requests = (isMine: (labels: RawSeries['labels']) => boolean): number =>
    countIncrements(
      series.filter(({ labels }) => isMine(labels)),
      0,
    )
      .series.flatMap(({ increments }) => increments)
      .reduce((sum, { atMs, by }) => sum + (atMs > of.sinceMs ? by : 0), 0);
  const served = (version: string): number =>
    requests((labels) => isServerCount(labels) && labels['service_version'] === version);
  const answered = (stats: readonly string[]): number =>
    requests(
      (labels) =>
        labels['__name__'] === 'envoy_cluster_upstream_rq_xx' && stats.includes(labels['envoy_cluster_name'] ?? ''),
    );
  const server = [served(of.newVersion), served(of.oldVersion)] as const;
  const [newer, older] = server[0] + server[1] > 0 ? server : [answered(of.newStats), answered(of.oldStats)];
  if (newer === 0) return 0;
  return older === 0 ? WHOLE : Math.min(WHOLE - 1, Math.floor((WHOLE * newer) / (newer + older)));
};

const isServerCount = ({ __name__: name = '' }: RawSeries['labels']): boolean =>
  /^(?:http|rpc)_server_.*_count$/.test(name);

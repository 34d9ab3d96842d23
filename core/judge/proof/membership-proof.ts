/** Does an Envoy know the subsets, each with a healthy endpoint? Asked before the first request may go to one. */
import type { RawSeries } from '../series/raw-series.ts';
import { seconds } from '../wording.ts';
import type { InstanceProof } from './proof.ts';

export interface MembershipInput {
  readonly cluster: string;
  readonly instance: string;
  /** Newest sample of anything of this Envoy, ms. */
  readonly newestMs: number;
  /** envoy_cluster_membership_healthy of this Envoy. */
  readonly series: readonly RawSeries[];
  readonly stats: readonly string[];
  readonly writtenAtMs: number;
  readonly nowMs: number;
  readonly staleMs: number;
}

export const proveMembership = (input: MembershipInput): InstanceProof => {
  const { cluster, instance, newestMs, nowMs, stats } = input;
  const where = `Envoy ${instance} in ${cluster}`;
  const answer = (result: InstanceProof['result'], reason: string): InstanceProof => ({
    cluster,
    instance,
    result,
    reason,
    requests: 0,
  });
  if (nowMs - newestMs > input.staleMs)
    return answer('untested', `the scrapes of ${where} stopped ${seconds(nowMs - newestMs)} ago`);
  if (newestMs <= input.writtenAtMs) return answer('untested', `${where} was not scraped since the write`);
  const missing = stats.filter((stat) => !(healthyHosts(input, stat) >= 1));
  if (missing.length === 0) return answer('verified', `${where} has healthy endpoints for ${stats.join(', ')}`);
  const unknown = missing.filter((stat) => Number.isNaN(healthyHosts(input, stat)));
  return answer(
    'contradicted',
    unknown.length > 0
      ? `${where} does not know ${unknown.join(', ')}`
      : `${where} has no healthy endpoint for ${missing.join(', ')}`,
  );
};

/** NaN: this Envoy has no such subset in its newest scrape. */
const healthyHosts = ({ series, newestMs, writtenAtMs }: MembershipInput, stat: string): number => {
  const last = series.find(({ labels }) => labels['envoy_cluster_name'] === stat)?.samples.at(-1);
  return last && last.atMs === newestMs && last.atMs > writtenAtMs ? last.value : Number.NaN;
};

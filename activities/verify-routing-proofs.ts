/** One look of verifyRouting: reads the Envoys of every target's client cluster and proves each instance. */
import { countIncrements, originOf } from '../core/analysis/counters.ts';
import type { RawSeries } from '../core/analysis/counters.ts';
import { proveMembership } from '../core/analysis/membership-proof.ts';
import { splitGauges, trafficByInstance } from '../core/analysis/subset-traffic.ts';
import { proveWeights } from '../core/analysis/weight-proof.ts';
import type { InstanceTraffic } from '../core/analysis/weight-proof.ts';
import type { InstanceProof, VerifyRoutingInput, VerifyTarget } from '../core/contract/activities.ts';
import type { Prometheus } from '../platform/metrics/prometheus.ts';
import { envoyMembership, envoyTraffic } from '../platform/metrics/selectors.ts';

/** An Envoy that sent no sample for so long is not one of the cluster's any more, ms. */
const INSTANCE_MS = 30_000;
/** An Envoy whose newest scrape is older has stopped being scraped, ms. */
const STALE_MS = 10_000;

export interface ProofPorts {
  readonly metrics: Pick<Prometheus, 'range' | 'clockOffsetMs'>;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

interface EnvoyInstance {
  readonly cluster: string;
  readonly instance: string;
  readonly newestMs: number;
}

export const proveTargets = async (
  input: VerifyRoutingInput,
  { metrics, now, signal }: ProofPorts,
): Promise<readonly InstanceProof[]> => {
  const offsetMs = await metrics.clockOffsetMs(signal);
  const nowMs = now() + offsetMs;
  const stats = [
    ...new Set(input.targets.flatMap(({ weights, withdrawn }) => [...Object.keys(weights), ...withdrawn])),
  ];
  const scope = { stats, clusters: input.targets.map(({ cluster }) => cluster.name) };
  const members = metrics.range({ selector: envoyMembership(scope), toMs: nowMs, rangeMs: INSTANCE_MS }, signal);
  const startMs = Math.min(nowMs, ...input.targets.map(({ writtenAtMs }) => writtenAtMs + offsetMs)) - INSTANCE_MS;
  const traffic =
    input.mode === 'entered' || stats.length === 0
      ? []
      : metrics.range({ selector: envoyTraffic(scope), toMs: nowMs, rangeMs: nowMs - startMs }, signal);
  const [membership, raw] = await Promise.all([members, traffic]);
  const byInstance = trafficByInstance(countIncrements(splitGauges(raw).counters, startMs));
  const instances = instancesOf(membership);
  return input.targets.flatMap((target) => {
    const own = instances.filter(({ cluster }) => cluster === target.cluster.name);
    if (own.length === 0) return [noInstance(target)];
    return own.map((instance) => proveInstance({ input, target, instance, membership, byInstance, nowMs, offsetMs }));
  });
};

interface InstanceInput {
  readonly input: VerifyRoutingInput;
  readonly target: VerifyTarget;
  readonly instance: EnvoyInstance;
  readonly membership: readonly RawSeries[];
  readonly byInstance: readonly InstanceTraffic[];
  readonly nowMs: number;
  readonly offsetMs: number;
}

const proveInstance = ({
  input,
  target,
  instance,
  membership,
  byInstance,
  nowMs,
  offsetMs,
}: InstanceInput): InstanceProof => {
  const writtenAtMs = target.writtenAtMs + offsetMs;
  const isThis = ({ cluster, instance: name }: { cluster: string; instance: string }): boolean =>
    cluster === instance.cluster && name === instance.instance;
  if (input.mode === 'entered') {
    const origin = `${instance.cluster}/${instance.instance}`;
    const series = membership.filter(({ labels }) => originOf(labels) === origin);
    return proveMembership({
      ...instance,
      series,
      stats: Object.keys(target.weights),
      writtenAtMs,
      nowMs,
      staleMs: STALE_MS,
    });
  }
  // An Envoy without any of the subsets has no counters, but it is scraped: its scrapes come from the membership query.
  const scrapes = membership.filter(({ labels }) => originOf(labels) === `${instance.cluster}/${instance.instance}`);
  const bare = {
    ...instance,
    intervals: [],
    scrapes: [...new Set(scrapes.flatMap(({ samples }) => samples.map(({ atMs }) => atMs)))].sort((a, b) => a - b),
  };
  const { weights, withdrawn } = target;
  return proveWeights(byInstance.find(isThis) ?? bare, {
    mode: input.mode,
    weights,
    withdrawn,
    writtenAtMs,
    nowMs,
    staleMs: STALE_MS,
  });
};

const instancesOf = (membership: readonly RawSeries[]): readonly EnvoyInstance[] => {
  const found = new Map<string, EnvoyInstance>();
  for (const { labels, samples } of membership) {
    const key = originOf(labels);
    const newestMs = Math.max(found.get(key)?.newestMs ?? 0, samples.at(-1)?.atMs ?? 0);
    found.set(key, { cluster: labels['k8s_cluster_name'] ?? '*', instance: labels['instance'] ?? '*', newestMs });
  }
  return [...found.values()].sort((a, b) => (originKey(a) < originKey(b) ? -1 : 1));
};

const originKey = ({ cluster, instance }: EnvoyInstance): string => `${cluster}/${instance}`;

const noInstance = ({ cluster }: VerifyTarget): InstanceProof => ({
  cluster: cluster.name,
  instance: '*',
  result: 'untested',
  reason: `no Envoy of ${cluster.name} has sent metrics in the last ${INSTANCE_MS / 1000} s`,
  requests: 0,
});

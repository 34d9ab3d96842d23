/** One look of verifyRouting: reads the Envoys of every target's client cluster and proves each instance. */
import { splitGauges, trafficByInstance } from '../arms/subset-traffic.ts';
import { countIncrements } from '../series/counters.ts';
import { clusterOf, envoyName } from '../series/origin.ts';
import { withoutMarkers } from '../series/markers.ts';
import { usualInterval, type RawSeries } from '../series/raw-series.ts';
import { withoutTwins } from '../series/twins.ts';
import { ASIDE, envoyAside, envoyMembership, envoyTraffic } from '../series/selectors.ts';
import type { CountSource } from '../series/source.ts';
import { proveMembership } from './membership-proof.ts';
import type { InstanceProof, VerifyRoutingInput, VerifyTarget } from './proof.ts';
import { proveWeights, type InstanceTraffic } from './weight-proof.ts';

/** An Envoy that sent no sample for so long is not one of the cluster's any more, ms; longer where scrapes are rare. */
const INSTANCE_MS = 30_000;
/** An Envoy whose newest scrape is older has stopped being scraped, ms; longer where scrapes are rare. */
const STALE_MS = 10_000;
/** Scrapes that may be missed or late before an Envoy counts as stale or gone, in intervals. */
const PATIENCE = 2.5;
/** Range in which the interval between scrapes shows, ms: Prometheus' default is a minute. */
const INTERVAL_MS = 150_000;

export interface ProofPorts {
  readonly metrics: CountSource;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

interface EnvoyInstance {
  readonly cluster: string;
  readonly instance: string;
  readonly newestMs: number;
}

export interface Proofs {
  readonly proofs: readonly InstanceProof[];
  /** Usual time between two scrapes, ms; 0: not seen. */
  readonly intervalMs: number;
  /** Client clusters of which no Envoy has reported for as long as rare scrapes take: nothing comes from there. */
  readonly silent: readonly string[];
}

export const proveTargets = async (
  input: VerifyRoutingInput,
  { metrics, now, signal }: ProofPorts,
): Promise<Proofs> => {
  const offsetMs = await metrics.clockOffsetMs(signal);
  const nowMs = now() + offsetMs;
  const stats = [
    ...new Set(input.targets.flatMap(({ weights, withdrawn }) => [...Object.keys(weights), ...withdrawn])),
  ];
  const scope = { stats, clusters: input.targets.map(({ cluster }) => cluster.name) };
  const read = await metrics.range({ series: envoyMembership(scope), toMs: nowMs, rangeMs: INTERVAL_MS }, signal);
  const seen = withoutMarkers(withoutTwins(read).series).series;
  const heard = new Set(seen.map(({ labels }) => labels['k8s_cluster_name']));
  const silent = scope.clusters.filter((name) => !heard.has(name));
  const intervalMs = usualInterval(seen);
  const presentMs = Math.max(INSTANCE_MS, PATIENCE * intervalMs);
  const membership = seen.filter(({ samples }) => (samples.at(-1)?.atMs ?? 0) > nowMs - presentMs);
  const startMs = Math.min(nowMs, ...input.targets.map(({ writtenAtMs }) => writtenAtMs + offsetMs)) - presentMs;
  const raw =
    input.mode === 'entered' || stats.length === 0
      ? []
      : await metrics.range({ series: envoyTraffic(scope), toMs: nowMs, rangeMs: nowMs - startMs }, signal);
  const aside =
    input.aside === true && raw.length > 0
      ? await metrics.range({ series: envoyAside(scope), toMs: nowMs, rangeMs: nowMs - startMs }, signal)
      : [];
  const byInstance = trafficByInstance(countIncrements([...splitGauges(raw).counters, ...aside], startMs));
  const untold = new Set(input.aside === true ? instancesOf(raw).map(originKey) : []);
  for (const instance of instancesOf(aside)) untold.delete(originKey(instance));
  const instances = instancesOf(membership);
  const staleMs = Math.max(STALE_MS, PATIENCE * intervalMs);
  const proofs = input.targets.flatMap((target) => {
    const own = instances.filter(({ cluster }) => cluster === target.cluster.name);
    if (own.length === 0) return [noInstance(target, silent.includes(target.cluster.name) ? INTERVAL_MS : presentMs)];
    return own.map((instance) =>
      told(
        proveInstance({ input, target, instance, membership, byInstance, nowMs, offsetMs, staleMs }),
        untold.has(originKey(instance)),
      ),
    );
  });
  return { proofs, intervalMs, silent };
};

/** Whose counters of routes nobody collects may count testers and kept users for picks: that contradicts nothing. */
const told = (proof: InstanceProof, untold: boolean): InstanceProof =>
  untold && proof.result === 'contradicted'
    ? {
        ...proof,
        result: 'untested',
        reason: `${proof.reason}; no ${ASIDE} of it is collected, so testers and users with the cookie may be among them`,
      }
    : proof;

interface InstanceInput {
  readonly input: VerifyRoutingInput;
  readonly target: VerifyTarget;
  readonly instance: EnvoyInstance;
  readonly membership: readonly RawSeries[];
  readonly byInstance: readonly InstanceTraffic[];
  readonly nowMs: number;
  readonly offsetMs: number;
  readonly staleMs: number;
}

const proveInstance = ({
  input,
  target,
  instance,
  membership,
  byInstance,
  nowMs,
  offsetMs,
  staleMs,
}: InstanceInput): InstanceProof => {
  const writtenAtMs = target.writtenAtMs + offsetMs;
  const isThis = ({ cluster, instance: name }: { cluster: string; instance: string }): boolean =>
    cluster === instance.cluster && name === instance.instance;
  if (input.mode === 'entered') {
    const origin = originKey(instance);
    const series = membership.filter((one) => originKey(instanceOf(one)) === origin);
    return proveMembership({
      ...instance,
      series,
      stats: Object.keys(target.weights),
      writtenAtMs,
      nowMs,
      staleMs,
    });
  }
  // An Envoy without any of the subsets has no counters, but it is scraped: its scrapes come from the membership query.
  const scrapes = membership.filter((one) => originKey(instanceOf(one)) === originKey(instance));
  const bare = {
    ...instance,
    intervals: [],
    scrapes: [...new Set(scrapes.flatMap(({ samples }) => samples.map(({ atMs }) => atMs)))].sort((a, b) => a - b),
  };
  const { weights, withdrawn, before } = target;
  return proveWeights(byInstance.find(isThis) ?? bare, {
    mode: input.mode,
    weights,
    withdrawn,
    writtenAtMs,
    nowMs,
    staleMs,
    ...(before === undefined ? {} : { before: { ...before, writtenAtMs: before.writtenAtMs + offsetMs } }),
  });
};

const instancesOf = (membership: readonly RawSeries[]): readonly EnvoyInstance[] => {
  const found = new Map<string, EnvoyInstance>();
  for (const series of membership) {
    const instance = instanceOf(series);
    const key = originKey(instance);
    const newestMs = Math.max(found.get(key)?.newestMs ?? 0, series.samples.at(-1)?.atMs ?? 0);
    found.set(key, { ...instance, newestMs });
  }
  return [...found.values()].sort((a, b) => (originKey(a) < originKey(b) ? -1 : 1));
};

const instanceOf = ({ labels }: RawSeries): Omit<EnvoyInstance, 'newestMs'> => ({
  cluster: clusterOf(labels),
  instance: envoyName(labels),
});

const originKey = ({ cluster, instance }: Omit<EnvoyInstance, 'newestMs'>): string => `${cluster}/${instance}`;

const noInstance = ({ cluster }: VerifyTarget, presentMs: number): InstanceProof => ({
  cluster: cluster.name,
  instance: '*',
  result: 'untested',
  reason: `no Envoy of ${cluster.name} has sent metrics in the last ${presentMs / 1000} s`,
  requests: 0,
});

/** Recordings of traffic that never was: seeded requests of two versions, as pods and Envoys would have counted them. */
import type { RawSeries, Sample } from '../../core/judge/series/raw-series.ts';
import type { Recording } from '../../core/judge/recording/recording.ts';
import { statName } from '../../core/routing/names.ts';
import { poisson, randomFrom } from './simulated-bakes.ts';

/** A whole second, so that times in expectations read well: 2026-11-24T12:00:00Z. */
export const SINCE_MS = Date.UTC(2026, 10, 24, 12);
/** The old version was there before, ms. */
const BEFORE_MS = 180_000;

export interface Traffic {
  readonly seed: number;
  readonly seconds: number;
  /** Requests per second of each version. */
  readonly newPerS: number;
  readonly oldPerS: number;
  /** Chance that a request fails, by seconds since the share was written. */
  readonly newErrors: (s: number) => number;
  readonly oldErrors: number;
  /** Time between two samples, s. */
  readonly everyS?: number;
}

export const recordedTraffic = (traffic: Traffic): Recording => {
  const random = randomFrom(traffic.seed);
  const newer = { version: 'v2', perS: traffic.newPerS, errors: traffic.newErrors, fromMs: 0 };
  const older = { version: 'v1', perS: traffic.oldPerS, errors: () => traffic.oldErrors, fromMs: -BEFORE_MS };
  return {
    header: {
      schema: 1,
      namespace: 'shop',
      service: 'checkout',
      versions: { new: 'v2', old: 'v1' },
      clusters: { aws: ['aws'] },
      sinceMs: SINCE_MS,
      toMs: SINCE_MS + traffic.seconds * 1000,
    },
    series: [newer, older].flatMap((arm) => seriesOf(random, { traffic, arm })),
  };
};

interface OfArm {
  readonly traffic: Traffic;
  readonly arm: {
    readonly version: string;
    readonly perS: number;
    readonly errors: (s: number) => number;
    readonly fromMs: number;
  };
}

const seriesOf = (random: () => number, { traffic, arm }: OfArm): RawSeries[] => {
  const everyMs = (traffic.everyS ?? 2) * 1000;
  const [good, bad, all]: [Sample[], Sample[], Sample[]] = [[], [], []];
  let [goods, bads] = [0, 0];
  for (let ms = arm.fromMs; ms <= traffic.seconds * 1000; ms += everyMs) {
    const atMs = SINCE_MS + ms;
    good.push({ atMs, value: goods });
    bad.push({ atMs, value: bads });
    all.push({ atMs, value: goods + bads });
    for (let i = poissonOf(random, (arm.perS * everyMs) / 1000); i > 0; i--) {
      if (random() < arm.errors(ms / 1000)) bads++;
      else goods++;
    }
  }
  const server = { __name__: 'http_server_request_duration_seconds_count', k8s_cluster_name: 'aws' };
  const pod = {
    ...server,
    instance: `checkout-${arm.version}`,
    service_name: 'checkout',
    service_version: arm.version,
  };
  const stat = statName({ namespace: 'shop', service: 'checkout', version: arm.version, cluster: 'aws' });
  const envoy = { k8s_cluster_name: 'aws', instance: 'node-1', envoy_cluster_name: stat };
  const answers = { ...envoy, __name__: 'envoy_cluster_upstream_rq_xx' };
  return [
    { labels: { ...pod, http_response_status_code: '200' }, samples: good },
    { labels: { ...pod, http_response_status_code: '500' }, samples: bad },
    { labels: { ...answers, envoy_response_code_class: '2' }, samples: good },
    { labels: { ...answers, envoy_response_code_class: '5' }, samples: bad },
    { labels: { ...envoy, __name__: 'envoy_cluster_upstream_rq_total' }, samples: all },
    {
      labels: { ...envoy, __name__: 'envoy_cluster_upstream_rq_active' },
      samples: all.map(({ atMs }) => ({ atMs, value: 1 })),
    },
  ];
};

/** In parts: exp(-mean) of a large mean is no number. */
const poissonOf = (random: () => number, mean: number): number => {
  let n = 0;
  for (let left = mean; left > 0; left -= 100) n += poisson(random, Math.min(100, left));
  return n;
};

/**
 * A store of metrics as clusters fill it, drawn from a seed: pods that restart, are replaced and are missed by scrapes,
 * one or two senders, a collector or none; and how many requests were really sent.
 */
import type { Labels, RawSeries, Sample } from '../../core/judge/series/raw-series.ts';
import { poisson, randomFrom } from './simulated-bakes.ts';

export interface StoredWorld {
  /** What was drawn, for the message of a failure. */
  readonly story: string;
  /** In (startMs, nowMs], as a query gives them. */
  readonly series: readonly RawSeries[];
  readonly startMs: number;
  readonly nowMs: number;
  /** Labels of what was heard before the range: what a watch remembers. */
  readonly before: readonly Labels[];
  readonly truth: Readonly<Record<'v1' | 'v2', Sent>>;
}

/**
 * Least and most that may be counted, of all requests and of the bad ones: all that were sent from the begin of the
 * range until the newest sample of their process that is visible; less by what came before its first sample there.
 */
export interface Sent {
  readonly total: readonly [number, number];
  readonly bad: readonly [number, number];
}

/** Requests are drawn in steps of this, ms. */
const TICK_MS = 500;

interface Life {
  readonly pod: string;
  readonly version: 'v1' | 'v2';
  readonly fromMs: number;
  readonly untilMs: number;
  /** Counts at the end of each tick since fromMs; [good, bad]. */
  readonly counts: readonly (readonly [number, number])[];
}

type Random = () => number;
type Senders = 'one' | 'labelled' | 'merged' | 'switch';

export const simulateStore = (seed: number): StoredWorld => {
  const random = randomFrom(seed);
  for (let i = 0; i < 5; i++) random();
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const intervalMs = pick([5_000, 10_000, 15_000]);
  const nowMs = 600_000;
  const startMs = nowMs - pick([60_000, 120_000, 240_000]) - Math.floor(random() * intervalMs);
  const senders = pick<Senders>(['one', 'one', 'labelled', 'merged', 'switch']);
  const identity = pick(['instance', 'service_instance_id', 'k8s_pod_name', 'exported_instance']);
  const isMarked = random() < 0.5;
  const isNamed = random() < 0.3;
  const pods = [...times(1 + Math.floor(random() * 3), 'v1'), ...times(1 + Math.floor(random() * 2), 'v2')];
  const lives = pods.flatMap((version, i) => livesOf(random, { version, name: `${version}-${i}`, startMs, nowMs }));
  const scrapes: Scrapes = { random, intervalMs, nowMs, startMs, senders, identity, isMarked };
  const kept = podsOf(lives).map((own) => stored(own, scrapes));
  const labels: Labels = isNamed ? { k8s_namespace_name: 'shop' } : {};
  const series = kept.flatMap(({ series: ones }) =>
    ones.map((one) => ({ ...one, labels: { ...one.labels, ...labels } })),
  );
  const namesake = isNamed ? foreign(series) : [];
  return {
    story: `seed ${seed}: every ${intervalMs} ms from ${startMs}, senders ${senders}, told by ${identity}${isMarked ? ', markers' : ''}${isNamed ? ', a namesake' : ''}; ${lives.map(({ pod, fromMs, untilMs }) => `${pod} ${fromMs}–${untilMs}`).join(', ')}`,
    series: [...series, ...namesake],
    startMs,
    nowMs,
    before: kept.flatMap(({ before }) => before.map((one) => ({ ...one, ...labels }))),
    truth: { v1: sumOf(kept, 'v1'), v2: sumOf(kept, 'v2') },
  };
};

const times = (n: number, version: 'v1' | 'v2'): ('v1' | 'v2')[] => Array.from({ length: n }, () => version);

interface PodOptions {
  readonly version: 'v1' | 'v2';
  readonly name: string;
  readonly startMs: number;
  readonly nowMs: number;
}

/** One after the other: restarted in place (the same pod), or replaced (another one). */
const livesOf = (random: Random, { version, name, startMs, nowMs }: PodOptions): Life[] => {
  const perS = 0.2 * 100 ** random();
  const errors = random() < 0.5 ? 0.002 : 0.1 * random();
  const isOld = version === 'v1' || random() < 0.3;
  const lives: Life[] = [];
  let [pod, fromMs] = [name, isOld ? 0 : startMs + Math.floor(random() * (nowMs - startMs) * 0.5)];
  let begin: readonly [number, number] =
    isOld && random() < 0.6 ? [Math.floor(random() * 5e6), Math.floor(random() * 5e3)] : [0, 0];
  for (let generation = 1; fromMs < nowMs && generation < 6; generation++) {
    const isEnding = random() < 0.4;
    const untilMs = isEnding ? fromMs + TICK_MS * Math.ceil((random() * (nowMs - fromMs)) / TICK_MS) : nowMs + 60_000;
    lives.push({
      pod,
      version,
      fromMs,
      untilMs,
      counts: countsOf(random, { perS, errors, begin, ticks: (untilMs - fromMs) / TICK_MS }),
    });
    begin = [0, 0];
    fromMs = untilMs + TICK_MS * Math.floor(random() * 40);
    if (random() < 0.5) pod = `${name}-${generation}`;
  }
  return lives;
};

interface Counting {
  readonly perS: number;
  readonly errors: number;
  readonly begin: readonly [number, number];
  readonly ticks: number;
}

const countsOf = (random: Random, { perS, errors, begin, ticks }: Counting): (readonly [number, number])[] => {
  let [good, bad] = begin;
  const counts = [[good, bad] as const];
  for (let i = 0; i < ticks; i++) {
    for (let n = poisson(random, (perS * TICK_MS) / 1_000); n > 0; n--) {
      if (random() < errors) bad++;
      else good++;
    }
    counts.push([good, bad]);
  }
  return counts;
};

const podsOf = (lives: readonly Life[]): readonly (readonly Life[])[] =>
  [...new Set(lives.map(({ pod }) => pod))].map((pod) => lives.filter((life) => life.pod === pod));

const countAt = ({ fromMs, counts }: Life, ms: number, status: 0 | 1): number =>
  counts[Math.min(counts.length - 1, Math.max(0, Math.floor((ms - fromMs) / TICK_MS)))]?.[status] ?? 0;

interface Scrapes {
  readonly random: Random;
  readonly intervalMs: number;
  readonly startMs: number;
  readonly nowMs: number;
  readonly senders: Senders;
  readonly identity: string;
  readonly isMarked: boolean;
}

interface StoredPod {
  readonly version: 'v1' | 'v2';
  readonly series: readonly RawSeries[];
  readonly before: readonly Labels[];
  readonly sent: Sent;
}

const STATUS = ['200', '500'] as const;

const stored = (lives: readonly Life[], scrapes: Scrapes): StoredPod => {
  const { random, intervalMs, senders, nowMs } = scrapes;
  const version = lives[0]?.version ?? 'v1';
  const offsets = senders === 'one' ? [0] : [0, Math.floor(intervalMs * (0.2 + 0.6 * random()))];
  const phaseMs = Math.floor(random() * intervalMs);
  // Late: the newest samples are under way. Missed: nobody could scrape it for a while.
  const lateMs = random() < 0.2 ? intervalMs * Math.floor(random() * 4) : 0;
  const missedMs = random() < 0.2 ? Math.floor(nowMs * random()) : -1;
  const missedForMs = Math.floor(random() * 90_000);
  const isSeen = (ms: number): boolean => ms <= nowMs - lateMs && (ms < missedMs || ms > missedMs + missedForMs);
  const instants = offsets.map((offset) => scrapeTimes(scrapes, phaseMs + offset).filter(isSeen));
  const bySender = instants.map((all) =>
    STATUS.map((_, status) => samplesAt(lives, { all, status: status as 0 | 1, scrapes })),
  );
  const switchMs = scrapes.startMs + (nowMs - scrapes.startMs) * random();
  const series = STATUS.flatMap((code, status): RawSeries[] => {
    const labels = labelsOf(lives[0], { code, identity: scrapes.identity });
    const [a = [], b = []] = bySender.map((ones) => ones[status] ?? []);
    if (senders === 'labelled')
      return [a, b].map((samples, i) => ({ labels: { ...labels, prometheus_replica: `prometheus-${i}` }, samples }));
    if (senders === 'merged') return [{ labels, samples: inOrder([...a, ...b]) }];
    // The second one lags by the time between their scrapes: its first sample may be older than the last of the other.
    if (senders === 'switch') {
      const lagMs = (offsets[1] ?? 0) + intervalMs * 0.5;
      const later = b
        .filter(({ atMs }) => atMs > switchMs)
        .map((sample) => lagging(lives, sample, { lagMs, status: status as 0 | 1 }));
      return [{ labels, samples: inOrder([...a.filter(({ atMs }) => atMs <= switchMs), ...later]) }];
    }
    return [{ labels, samples: a }];
  });
  const inRange = series
    .map((one) => ({ ...one, samples: one.samples.filter(({ atMs }) => atMs > scrapes.startMs && atMs <= nowMs) }))
    .filter(({ samples }) => samples.length > 0);
  const before = series.filter(({ samples }) => (samples[0]?.atMs ?? nowMs) <= scrapes.startMs);
  return { version, series: inRange, before: before.map((one) => one.labels), sent: sentOf(lives, inRange, scrapes) };
};

const lagging = (
  lives: readonly Life[],
  sample: Sample,
  { lagMs, status }: { lagMs: number; status: 0 | 1 },
): Sample => {
  const life = lives.find(({ fromMs, untilMs }) => sample.atMs >= fromMs && sample.atMs < untilMs);
  if (life === undefined || Number.isNaN(sample.value) || sample.atMs - lagMs < life.fromMs) return sample;
  return { ...sample, value: countAt(life, sample.atMs - lagMs, status) };
};

const inOrder = (samples: readonly Sample[]): readonly Sample[] =>
  [...new Map(samples.map((sample) => [sample.atMs, sample])).values()].sort((a, b) => a.atMs - b.atMs);

const scrapeTimes = ({ intervalMs, nowMs }: Scrapes, phaseMs: number): number[] =>
  Array.from({ length: Math.floor((nowMs - phaseMs) / intervalMs) + 1 }, (_, i) => phaseMs + i * intervalMs);

interface Sampled {
  readonly all: readonly number[];
  readonly status: 0 | 1;
  readonly scrapes: Scrapes;
}

/** A status that has not occurred in a life has no series yet; a marker stands where one was before. */
const samplesAt = (lives: readonly Life[], { all, status, scrapes }: Sampled): readonly Sample[] => {
  let isThere = false;
  return all.flatMap((atMs): Sample[] => {
    const life = lives.find(({ fromMs, untilMs }) => atMs >= fromMs && atMs < untilMs);
    const value = life === undefined ? 0 : countAt(life, atMs, status);
    if (value > 0) {
      isThere = true;
      return [{ atMs, value }];
    }
    const marker = isThere && scrapes.isMarked ? [{ atMs, value: Number.NaN }] : [];
    isThere = false;
    return marker;
  });
};

const labelsOf = (life: Life | undefined, { code, identity }: { code: string; identity: string }): Labels => ({
  ...{ __name__: 'http_server_request_duration_seconds_count', k8s_cluster_name: 'aws', service_name: 'checkout' },
  ...{ service_version: life?.version ?? '', http_response_status_code: code },
  ...(identity === 'instance' ? {} : { instance: 'otel-collector:8889' }),
  [identity]: life?.pod ?? '',
});

const foreign = (series: readonly RawSeries[]): readonly RawSeries[] =>
  series.map(({ labels, samples }) => ({ labels: { ...labels, k8s_namespace_name: 'pr-417' }, samples }));

/** By life and status, from what is visible of it. */
const sentOf = (lives: readonly Life[], series: readonly RawSeries[], { startMs }: Scrapes): Sent => {
  const bounds = lives.map((life) => {
    const seen = STATUS.map((code) =>
      series
        .filter(({ labels }) => labels['http_response_status_code'] === code)
        .map(({ samples }) =>
          samples.filter(({ atMs, value }) => atMs >= life.fromMs && atMs < life.untilMs && value > 0),
        ),
    );
    const newestMs = Math.max(0, ...seen.flat(2).map(({ atMs }) => atMs));
    return STATUS.map((_, status) => {
      const at = (ms: number): number => countAt(life, ms, status as 0 | 1);
      const most = newestMs === 0 ? 0 : at(newestMs) - at(Math.max(startMs, life.fromMs));
      const spans = (seen[status] ?? []).map((samples) => (samples.at(-1)?.value ?? 0) - (samples[0]?.value ?? 0));
      return [spans.length === 0 ? 0 : Math.max(0, Math.min(...spans)), most] as const;
    });
  });
  const sum = (status: number): [number, number] => [
    bounds.reduce((all, one) => all + (one[status]?.[0] ?? 0), 0),
    bounds.reduce((all, one) => all + (one[status]?.[1] ?? 0), 0),
  ];
  const [good, bad] = [sum(0), sum(1)];
  return { total: [good[0] + bad[0], good[1] + bad[1]], bad };
};

const sumOf = (pods: readonly StoredPod[], version: 'v1' | 'v2'): Sent => {
  const own = pods.filter((pod) => pod.version === version).map(({ sent }) => sent);
  const sum = (pick: (sent: Sent) => number): number => own.reduce((all, sent) => all + pick(sent), 0);
  return {
    total: [sum(({ total }) => total[0]), sum(({ total }) => total[1])],
    bad: [sum(({ bad }) => bad[0]), sum(({ bad }) => bad[1])],
  };
};

/**
 * Series that tell of the same requests: two replicas of a Prometheus without deduplication, one target in two scrape
 * jobs, two instrumentations of one server. Each request counts once; what was left out is named by its label.
 */
import { processName, resourceOf } from './origin.ts';
import type { Labels, RawSeries } from './raw-series.ts';
import { firstByTime, isOneCounter } from './same-counter.ts';

export interface Once {
  readonly series: readonly RawSeries[];
  readonly doubled: readonly Doubled[];
  /** Where it cannot be told whether requests count twice. */
  readonly problems: readonly string[];
}

/** What was there more than once, and was counted once. */
export interface Doubled {
  /** In the plural: replicas of the metrics store … */
  readonly what: string;
  /** The labels by which the series differ. */
  readonly labels: readonly string[];
}

export const doubledNote = ({ what, labels }: Doubled): string =>
  `counted once of several ${what}: ${labels.join(', ')}`;

/** Labels that name the replica of a store: prometheus_replica, __replica__, receive_replica … */
const isReplica = (name: string): boolean => /(?:^|_)replica(?:_|$)/.test(name) && !/replica_?set/.test(name);
/** Labels that name who scraped, and by which job: the process is the same. */
const SCRAPE: ReadonlySet<string> = new Set([
  ...['job', 'endpoint', 'prometheus', 'prometheus_server', 'prometheus_cluster', 'monitor', 'scrape_job', 'service'],
  ...['exported_job', 'exported_service', 'exported_endpoint', 'container', 'metrics_path'],
]);
const isScope = (name: string): boolean => name.startsWith('otel_scope_');

export const withoutTwins = (raw: readonly RawSeries[]): Once => {
  const replicas = oneOf(raw, { isTwin: isReplica, areTwins: () => true, what: 'replicas of the metrics store' });
  const scrapes = oneOf(replicas.series, {
    isTwin: (name) => SCRAPE.has(name),
    areTwins: isOneCounter,
    what: 'scrapes of one process',
  });
  const scopes = oneScope(scrapes.series);
  return {
    series: scopes.series,
    doubled: [...replicas.doubled, ...scrapes.doubled, ...scopes.doubled],
    problems: scopes.problems,
  };
};

interface Twins {
  readonly isTwin: (label: string) => boolean;
  readonly areTwins: (a: readonly RawSeries[], b: readonly RawSeries[]) => boolean;
  readonly what: string;
}

/** Of the processes that differ in such labels only, the one that was heard without a break. */
const oneOf = (raw: readonly RawSeries[], { isTwin, areTwins, what }: Twins): Omit<Once, 'problems'> => {
  if (!raw.some(({ labels }) => Object.keys(labels).some(isTwin))) return { series: raw, doubled: [] };
  const labels = new Set<string>();
  const series = [...groupBy(raw, (one) => processWithout(one.labels, isTwin)).values()].flatMap((group) => {
    const variants = [...groupBy(group, (one) => valuesOf(one.labels, isTwin)).values()];
    if (variants.length === 1) return group;
    const kept: (readonly RawSeries[])[] = [];
    for (const variant of firstByTime(variants)) {
      if (kept.some((one) => areTwins(one, variant)))
        differingLabels(variants, isTwin).forEach((name) => labels.add(name));
      else kept.push(variant);
    }
    return kept.flat();
  });
  return { series, doubled: labels.size === 0 ? [] : [{ what, labels: [...labels].sort() }] };
};

/** Two instrumentations of one server report every request twice, or each its own requests. */
const oneScope = (raw: readonly RawSeries[]): Once => {
  if (!raw.some(({ labels }) => Object.keys(labels).some(isScope))) return { series: raw, doubled: [], problems: [] };
  const doubled = new Set<string>();
  const problems = new Set<string>();
  const series = [...groupBy(raw, ({ labels }) => processWithout(labels, () => false)).values()].flatMap((group) => {
    const variants = [...groupBy(group, ({ labels }) => valuesOf(labels, isScope)).values()];
    if (variants.length === 1) return group;
    const named = differingLabels(variants, isScope).join(', ');
    const [first = [], ...others] = variants.toSorted((a, b) => b.length - a.length || compare(scopeOf(a), scopeOf(b)));
    if (others.every((other) => countsAlike(first, other))) {
      differingLabels(variants, isScope).forEach((name) => doubled.add(name));
      return first;
    }
    if (!others.every((other) => isApart(first, other))) {
      const name = `${first[0]?.labels['__name__'] ?? 'a series'} of ${processName(first[0]?.labels ?? {})}`;
      const scopes = variants.map(scopeOf).sort().join(' and ');
      problems.add(
        `${name} comes from several instrumentations (${named}: ${scopes}), and their counts differ: whether a request counts twice cannot be told; switch one of them off, or drop its series`,
      );
    }
    return group;
  });
  const found = { what: 'instrumentations of one process', labels: [...doubled].sort() };
  return { series, doubled: doubled.size === 0 ? [] : [found], problems: [...problems] };
};

/** Requests that two instrumentations of one process may be apart, since both are read while requests end. */
const APART = { requests: 2, share: 0.02 } as const;

const countsAlike = (a: readonly RawSeries[], b: readonly RawSeries[]): boolean => {
  const [first, second] = [newestSum(a), newestSum(b)];
  return Math.abs(first - second) <= Math.max(APART.requests, APART.share * Math.max(first, second));
};

const newestSum = (series: readonly RawSeries[]): number =>
  series.reduce((sum, { samples }) => sum + (samples.findLast(({ value }) => !Number.isNaN(value))?.value ?? 0), 0);

/** Do they speak of different requests? Of other routes, or other ports. */
const isApart = (a: readonly RawSeries[], b: readonly RawSeries[]): boolean =>
  ['http_route', 'rpc_method', 'server_port'].some((name) => {
    const valuesIn = (all: readonly RawSeries[]) => new Set(all.map(({ labels }) => labels[name] ?? ''));
    const [mine, theirs] = [valuesIn(a), valuesIn(b)];
    return !mine.has('') && !theirs.has('') && ![...mine].some((value) => theirs.has(value));
  });

const scopeOf = (series: readonly RawSeries[]): string =>
  [series[0]?.labels['otel_scope_name'], series[0]?.labels['otel_scope_version']].filter(Boolean).join(' ') || 'none';

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const groupBy = <T>(all: readonly T[], keyOf: (one: T) => string): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
};

/** The process and what is counted, whoever stored it. */
const processWithout = (labels: Labels, isTwin: (label: string) => boolean): string =>
  JSON.stringify([labels['__name__'] ?? '', resourceOf(labels).filter(([name]) => !isTwin(name))]);

const valuesOf = (labels: Labels, isTwin: (label: string) => boolean): string =>
  JSON.stringify(
    Object.entries(labels)
      .filter(([name, value]) => value !== '' && isTwin(name))
      .sort(([a], [b]) => compare(a, b)),
  );

const differingLabels = (variants: readonly (readonly RawSeries[])[], isTwin: (label: string) => boolean): string[] => {
  const all = variants.map(([one]) => one?.labels ?? {});
  const names = new Set(all.flatMap((labels) => Object.keys(labels).filter(isTwin)));
  return [...names].filter((name) => new Set(all.map((labels) => labels[name] ?? '')).size > 1).sort();
};

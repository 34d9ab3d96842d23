/** What of a service's series would be counted wrongly, or only just is not: each with the query that shows it. Pure. */
import {
  clustersWithoutNamespace,
  foreignOnly,
  NAMESPACE_REMEDY,
  ownSeries,
} from '../../core/judge/series/namespaces.ts';
import { clusterOf, originOf, tellingLabel } from '../../core/judge/series/origin.ts';
import { otherNamesFound } from '../../core/judge/series/other-names.ts';
import type { RawSeries } from '../../core/judge/series/raw-series.ts';
import { uncountable } from '../../core/judge/series/uncountable.ts';
import { withoutTwins } from '../../core/judge/series/twins.ts';
import type { Finding } from './check.ts';
import { labelOf } from './series.ts';

export interface Stored {
  readonly namespace: string;
  readonly service: string;
  readonly protocol: 'http' | 'rpc';
  /** Under the name that is counted. */
  readonly series: readonly RawSeries[];
  /** The same requests under names that are not. */
  readonly others: readonly RawSeries[];
  /** What finds the former and the latter. */
  readonly queries: { readonly counted: string; readonly others: string };
}

export const countingFindings = (stored: Stored): Finding[] => [
  ...otherNameFindings(stored),
  ...namespaceFindings(stored),
  ...doubledFindings(stored),
  ...sharedInstanceFindings(stored),
];

/** Error: nothing is counted. Warning: some versions or pods are not. */
const otherNameFindings = ({ series, others, protocol, queries }: Stored): Finding[] => {
  const found = otherNamesFound(others, protocol);
  if (found === '') return [];
  const missed = others.filter((one) => !series.some((known) => originOf(known.labels) === originOf(one.labels)));
  if (missed.length === 0) return [];
  return [{ severity: series.length === 0 ? 'error' : 'warning', text: found, fix: `see ${queries.others}` }];
};

const namespaceFindings = ({ series, queries, ...of }: Stored): Finding[] => {
  const foreign = foreignOnly(ownSeries(series, of), of);
  if (foreign !== '') return [{ severity: 'error', text: foreign, fix: `see ${byLabels(queries, NAMESPACES)}` }];
  return clustersWithoutNamespace(series, of).map((cluster) => ({
    severity: 'warning',
    text: `${cluster}: no series of ${of.service} carries a namespace: one of that name in another namespace would count as its own; see ${byLabels(queries, NAMESPACES)}`,
    fix: NAMESPACE_REMEDY,
  }));
};

const NAMESPACES = ['k8s_namespace_name', 'service_namespace', 'namespace', 'job'];

const doubledFindings = ({ series, queries, ...of }: Stored): Finding[] => {
  const own = ownSeries(series, of).series;
  const doubled = withoutTwins(own).doubled.map(({ what, labels }): Finding => ({
    severity: 'warning',
    text: `its requests are stored by several ${what} (${labels.join(', ')}); Tidegate counts each once; see ${byLabels(queries, labels)}`,
    fix: 'let the store remove duplicates (Thanos, Mimir and VictoriaMetrics can), or scrape and instrument it once',
  }));
  const unclear = uncountable(own).map((text): Finding => ({ severity: 'error', text, fix: `see ${queries.counted}` }));
  return [...unclear, ...doubled];
};

/** A restart or a gap of one pod is told from those of the others by one label alone. */
const sharedInstanceFindings = ({ series, queries }: Stored): Finding[] => {
  const shared = new Map<string, Map<string, RawSeries>>();
  for (const one of withoutTwins(series).series) {
    const instance = labelOf(one, 'instance');
    if (instance === '') continue;
    const key = `${clusterOf(one.labels)}: instance="${instance}"`;
    shared.set(key, (shared.get(key) ?? new Map<string, RawSeries>()).set(originOf(one.labels), one));
  }
  return [...shared].flatMap(([where, processes]): Finding[] => {
    if (processes.size < 2) return [];
    const label = tellingLabel([...processes.values()].map(({ labels }) => labels));
    const told = label === '' ? 'no label that names a process tells them apart' : `only ${label} tells them apart`;
    return [
      {
        severity: 'warning',
        text: `${where} is shared by ${processes.size} processes, ${told}; see ${byLabels(queries, ['instance', label || 'service_version'])}`,
        fix: "scrape the collector with honor_labels: true, and give every pod its own service.instance.id (the collector's resource_to_telemetry_conversion keeps it)",
      },
    ];
  });
};

const byLabels = ({ counted }: Stored['queries'], labels: readonly string[]): string =>
  `count by (${labels.join(', ')}) (${counted})`;

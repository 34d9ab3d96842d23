/**
 * Which process a series is from: every label of the resource or of the scrape tells processes apart. `instance` alone
 * does not: all pods behind a collector's exporter share it when it is scraped without honor_labels.
 */
import { sha256Hex } from '../../values/digest.ts';
import type { Labels } from './raw-series.ts';

/** What may differ between two series of one process: the attributes of a metric's points. */
const DIMENSION =
  /^(?:__(?:name|type|unit|temporality)__|le|quantile|code|status|status_code|status_class|method|path|uri|url|handler|route|outcome|exception|error_type|(?:http|url|rpc|net|network|server|client|user_agent|tls|otel_scope|envoy|aspnetcore|graphql)_.+)$/;

/** Labels that name a process by themselves, the most telling first. */
const IDENTITY = [
  ...['service_instance_id', 'k8s_pod_uid', 'k8s_pod_name', 'exported_pod', 'pod', 'pod_name', 'kubernetes_pod_name'],
  ...['exported_instance', 'container_id', 'host_id', 'host_name', 'instance'],
] as const;

const known = new WeakMap<Labels, string>();

/** Equal for two series of one process, and different for those of two, as far as labels tell. */
export const originOf = (labels: Labels): string => {
  const before = known.get(labels);
  if (before !== undefined) return before;
  const origin = JSON.stringify(resourceOf(labels));
  known.set(labels, origin);
  return origin;
};

/** By origin. A look at a process asks for its key again and again, and a digest costs more than all else of a look. */
const keys = new Map<string, string>();
/** More processes than the watches of one worker see; then all are worked out again. */
const MOST_KEYS = 20_000;

/** Short, for what is kept of a process. */
export const originKey = (labels: Labels): string => {
  const origin = originOf(labels);
  const before = keys.get(origin);
  if (before !== undefined) return before;
  const key = sha256Hex(origin).slice(0, 8);
  if (keys.size >= MOST_KEYS) keys.clear();
  keys.set(origin, key);
  return key;
};

/** Sorted. */
export const resourceOf = (labels: Labels): readonly (readonly [name: string, value: string])[] =>
  Object.entries(labels)
    .filter(([name, value]) => value !== '' && !isDimension(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));

export const isDimension = (name: string): boolean => DIMENSION.test(name);

/** Does any label name the process? Without one its series cannot be told from those of its like. */
const hasIdentity = (labels: Labels): boolean => IDENTITY.some((name) => (labels[name] ?? '') !== '');

/** The label that names each of these processes apart from the others; '' = none does. */
export const tellingLabel = (processes: readonly Labels[]): string =>
  IDENTITY.find((name) => new Set(processes.map((labels) => labels[name] ?? '')).size === processes.length) ?? '';

export const clusterOf = (labels: Labels): string => labels['k8s_cluster_name'] ?? '*';

/** `${cluster}/${process}`, for people. */
export const processName = (labels: Labels): string => {
  const name = IDENTITY.find((one) => (labels[one] ?? '') !== '');
  return `${clusterOf(labels)}/${name === undefined ? '*' : (labels[name] ?? '*')}`;
};

/** An Envoy among those of its cluster: `instance`, and what tells it from others behind the same collector. */
export const envoyName = (labels: Labels): string => {
  const { instance = '' } = labels;
  const other = [...IDENTITY, 'k8s_node_name', 'node'].find(
    (name) => name !== 'instance' && (labels[name] ?? '') !== '',
  );
  const more = other === undefined || labels[other] === instance ? '' : (labels[other] ?? '');
  return [instance, more].filter((part) => part !== '').join(' ') || '*';
};

/**
 * What restarts together: the series of a process and metric, and of one subset, since Envoy drops the counters of a
 * cluster that was removed. Where no label names the process, only the buckets of one histogram belong together.
 */
export const familyOf = (labels: Labels): string => {
  if (hasIdentity(labels))
    return JSON.stringify([originOf(labels), labels['__name__'] ?? '', labels['envoy_cluster_name'] ?? '']);
  const { le: _, ...rest } = labels;
  return JSON.stringify(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)));
};

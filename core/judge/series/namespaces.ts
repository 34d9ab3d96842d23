/**
 * Whose requests a series counts: name and version alone are those of every copy of a service, in a preview namespace
 * too. The namespace of the pod decides where a label says it; service.namespace is what people write, and may be a
 * word of their own.
 */
import type { ServiceRef } from '../../routing/service-ref.ts';
import { clusterOf } from './origin.ts';
import type { Labels, RawSeries } from './raw-series.ts';

type Named = Pick<ServiceRef, 'namespace' | 'service'>;

/** What labels say of a series' namespace. */
interface Said {
  /** Of the pod, by Kubernetes; '' = no label says it. */
  readonly pod: string;
  /** `service.namespace`, or what Prometheus made of it: job="namespace/name". */
  readonly written: string;
  /** Of the target that was scraped: the pod's, unless a collector stands between. */
  readonly target: string;
}

const saidBy = (labels: Labels, service: string): Said => ({
  pod: first(labels, ['k8s_namespace_name', 'exported_namespace', 'kubernetes_namespace']),
  written: first(labels, ['service_namespace']) || namespaceOfJob(labels, service),
  target: isPassedOn(labels) ? '' : first(labels, ['namespace']),
});

const first = (labels: Labels, names: readonly string[]): string =>
  names.map((name) => labels[name] ?? '').find((value) => value !== '') ?? '';

const namespaceOfJob = (labels: Labels, service: string): string => {
  const job = [labels['exported_job'], labels['job']].find((one) => one?.endsWith(`/${service}`) === true);
  return job === undefined ? '' : job.slice(0, -service.length - 1);
};

/** Prometheus renames a label that its target wrote itself: then the target is not the process. */
const isPassedOn = (labels: Labels): boolean =>
  Object.keys(labels).some((name) => name === 'exported_job' || name === 'exported_instance');

export interface Owned {
  readonly series: readonly RawSeries[];
  /** Namespaces of series of the same name that do not count. */
  readonly foreign: readonly string[];
}

/** Without the series of other services of the same name. */
export const ownSeries = (raw: readonly RawSeries[], { namespace, service }: Named): Owned => {
  const said = raw.map(({ labels }) => saidBy(labels, service));
  // Where some targets are in the service's namespace, targets are pods; elsewhere they may be a collector's.
  const targetsArePods = said.some(({ pod, target }) => pod === '' && target === namespace);
  const foreign = said.map(({ pod, written, target }) => {
    const decisive = pod || (targetsArePods ? target : '') || written || target;
    return decisive === namespace ? '' : decisive;
  });
  return {
    series: raw.filter((_, i) => foreign[i] === ''),
    foreign: [...new Set(foreign)].filter((one) => one !== '').sort(),
  };
};

/** Clusters of which no series carries any namespace: there, every service of the name counts as this one. */
export const clustersWithoutNamespace = (raw: readonly RawSeries[], { service }: Named): readonly string[] => {
  const isSilent = ({ labels }: RawSeries): boolean =>
    Object.values(saidBy(labels, service)).every((value) => value === '');
  const clusters = [...new Set(raw.map(({ labels }) => clusterOf(labels)))].sort();
  return clusters.filter((cluster) => raw.every((one) => clusterOf(one.labels) !== cluster || isSilent(one)));
};

export const NAMESPACE_REMEDY =
  'let the collector set k8s.namespace.name (processor k8sattributes) and the store keep it as a label (otlp.promote_resource_attributes)';

/** Why nothing is left of what was found; '' when something is, or nothing was found. */
export const foreignOnly = ({ series, foreign }: Owned, { namespace, service }: Named): string =>
  series.length > 0 || foreign.length === 0
    ? ''
    : `its series carry the namespace ${foreign.join(', ')}, not ${namespace}; if they are those of ${namespace}/${service}, ${NAMESPACE_REMEDY}`;

/** One sentence, when a plan should say that nothing tells namesakes apart. */
export const namespaceNotes = (raw: readonly RawSeries[], of: Named): readonly string[] => {
  const silent = clustersWithoutNamespace(raw, of);
  if (silent.length === 0) return [];
  return [
    `no series of ${of.service} in ${silent.join(', ')} carries a namespace (k8s_namespace_name, service_namespace): requests to a ${of.service} in another namespace count as its own; ${NAMESPACE_REMEDY}`,
  ];
};

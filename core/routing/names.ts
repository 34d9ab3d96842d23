/**
 * Every name that Tidegate gives to an object in a cluster. Truncated names carry a hash of the whole identity; the
 * real values are in labels (`tidegate.dev/{service,version,cluster}`), so nothing ever parses a name.
 */
import { hash8, slug } from '../values/names.ts';
import type { Subset } from './record.ts';

/** What makes a subset unique within a mesh. */
export interface SubsetIdentity extends Subset {
  readonly namespace: string;
  readonly service: string;
}

/** `<service ≤24>-<version ≤12>-<cluster ≤12>-<hash8>`, at most 59 characters: the subset's Service, in every cluster. */
export const subsetName = ({ namespace, service, version, cluster }: SubsetIdentity): string =>
  `${slug(service, 24)}-${slug(version, 12)}-${slug(cluster, 12)}-${hash8([namespace, service, version, cluster])}`;

/** Envoy's `alt_stat_name`. No dot and no colon: Envoy's tag extraction cuts a cluster name at the first dot. */
export const statName = (subset: SubsetIdentity): string => `${subset.namespace}_${subsetName(subset)}`;

/** Stat prefix of the listener of a service in a client cluster; names of Kubernetes have no underscore. */
export const listenerStatName = ({ namespace, service }: { namespace: string; service: string }): string =>
  `${namespace}_${service}`;

/** The one CiliumEnvoyConfig of a service in a client cluster. */
export const cecName = (service: string): string => `tidegate-${service}`;

/** Of a Job before the first share, one per plan, at most 55 characters: its pods carry the name as a label. */
export const beforeJobName = (of: {
  readonly namespace: string;
  readonly service: string;
  readonly version: string;
  /** As the Service document calls it. */
  readonly job: string;
  /** Of the plan. */
  readonly epoch: number;
}): string => {
  const { namespace, service, version, job, epoch } = of;
  const whole = hash8([namespace, service, version, job, String(epoch)]);
  return `${slug(service, 20)}-${slug(version, 12)}-${slug(job, 12)}-${whole}`;
};

/** 63 (a pod's name) less the 16 characters that ReplicaSet and pod append. */
const DEPLOYMENT_NAME_MAX = 47;

/**
 * `<service>-<version>`, what a person would have called it. Not unique by itself: `1.2` and `1-2` of one service have
 * one name, and `a-b`+`c` meets `a`+`b-c`. Who writes the Deployment compares its service and version labels and refuses
 * another one's. A version with other characters (upper case, `_`, `+`), or a long name, gets the hash of both.
 */
export const deploymentName = (service: string, version: string): string => {
  const plain = `${service}-${version.replaceAll('.', '-')}`;
  const readable = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(version) && plain.length <= DEPLOYMENT_NAME_MAX;
  return readable ? plain : `${slug(service, 24)}-${slug(version, 12)}-${hash8([service, version])}`;
};

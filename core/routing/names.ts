/**
 * Every name that Tidegate gives to an object in a cluster. Truncated names carry a hash of the whole identity; the
 * real values are in labels (`tidegate.dev/{service,version,cluster}`), so nothing ever parses a name.
 */
import { sha256Hex } from '../values/digest.ts';
import type { Subset } from './record.ts';

/** What makes a subset unique within a mesh. */
export interface SubsetIdentity extends Subset {
  readonly namespace: string;
  readonly service: string;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** 40 bits as 8 letters: live names that share all their cut parts are few, so 2^40 is far beyond a chance clash. */
const hash8 = (parts: readonly string[]): string => {
  const digest = sha256Hex(JSON.stringify(parts));
  const bits = BigInt(`0x${digest.slice(0, 10)}`);
  return Array.from({ length: 8 }, (_, i) => BASE32[Number((bits >> BigInt(35 - 5 * i)) & 31n)]).join('');
};

const trimHyphens = (text: string): string => text.replace(/^-+|-+$/g, '');

/** A DNS-1123 piece of at most `max` characters; 'x' when nothing of the text fits into one. */
const slug = (text: string, max: number): string =>
  trimHyphens(trimHyphens(text.toLowerCase().replace(/[^a-z0-9]+/g, '-')).slice(0, max)) || 'x';

/** `<service ≤24>-<version ≤12>-<cluster ≤12>-<hash8>`, at most 59 characters: the subset's Service, in every cluster. */
export const subsetName = ({ namespace, service, version, cluster }: SubsetIdentity): string =>
  `${slug(service, 24)}-${slug(version, 12)}-${slug(cluster, 12)}-${hash8([namespace, service, version, cluster])}`;

/** Envoy's `alt_stat_name`. No dot and no colon: Envoy's tag extraction cuts a cluster name at the first dot. */
export const statName = (subset: SubsetIdentity): string => `${subset.namespace}_${subsetName(subset)}`;

/** The one CiliumEnvoyConfig of a service in a client cluster. */
export const cecName = (service: string): string => `tidegate-${service}`;

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

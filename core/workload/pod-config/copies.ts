/** The copies of ConfigMaps and Secrets that a version has for itself. Pure. */
import { annotations, labels } from '../../kube/labels.ts';
import type { ConfigObject, Deployment } from '../../kube/objects.ts';
import type { ServiceRef } from '../../routing/service-ref.ts';
import { canonicalJson } from '../../values/canonical.ts';
import { hash8, slug } from '../../values/names.ts';
import { stateOf } from './config-record.ts';

/** A ConfigMap's name is a DNS subdomain; what stands behind the user's name takes 22 of its 253 characters. */
const NAME_MAX = 231;

/**
 * `<name>-<version ≤12>-<hash8>`: other content, other name, and so another pod template. Of a Secret the hash is made from
 * what says when it was written, not from the content (see config-record.ts).
 */
export const copyName = (original: ConfigObject, version: string): string => {
  const { kind, metadata } = original;
  const name = metadata.name.slice(0, NAME_MAX).replace(/[.-]+$/, '');
  return `${name}-${slug(version, 12)}-${hash8([kind, metadata.name, version, stateOf(original)])}`;
};

/** Whoever rotates it replaces its content, and the old one stops being valid: a copy would die with that. */
const TOKEN_TYPE = 'kubernetes.io/service-account-token';

/** The owner of the object, or its type, may say that every version reads the one and only. */
export const isCopied = ({ metadata, type }: ConfigObject): boolean =>
  metadata.annotations?.[annotations.config] !== 'shared' && type !== TOKEN_TYPE;

/** Do pods see the same in both? */
export const sameContent = (a: ConfigObject, b: ConfigObject): boolean =>
  canonicalJson([a.data ?? {}, a.binaryData ?? {}, a.type ?? '']) ===
  canonicalJson([b.data ?? {}, b.binaryData ?? {}, b.type ?? '']);

export interface CopyOf {
  readonly original: ConfigObject;
  readonly name: string;
  readonly service: ServiceRef;
  readonly version: string;
}

/** Without the original's labels and annotations: a GitOps tool would take the copy for its own, and prune it. */
export function configCopy({ original, name, service, version }: CopyOf, owner: Deployment): ConfigObject {
  const { kind, apiVersion, data, binaryData, type } = original;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      namespace: service.namespace,
      labels: {
        [labels.managedBy]: 'tidegate',
        [labels.owner]: service.installation,
        [labels.service]: service.service,
        [labels.subsetVersion]: version,
      },
      ownerReferences: [
        { apiVersion: owner.apiVersion, kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid ?? '' },
      ],
    },
    immutable: true,
    ...(data && { data }),
    ...(binaryData && { binaryData }),
    ...(type !== undefined && { type }),
  };
}

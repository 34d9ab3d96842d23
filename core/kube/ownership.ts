/** Whose object is it? Ours carry the installation in `tidegate.dev/owner`; everybody else's are never written over. */
import { refuse } from '../values/error.ts';
import { labels } from './labels.ts';
import type { KubeObject } from './objects.ts';

export const isOwned = (object: KubeObject, installation: string): boolean =>
  object.metadata.labels?.[labels.owner] === installation;

/** `CiliumEnvoyConfig shop/x (manager kubectl, 2026-11-23T00:00:00Z)`: who wrote it last. */
export function describeObject({ kind, metadata }: KubeObject): string {
  const last = (metadata.managedFields ?? []).toSorted((a, b) => (a.time ?? '').localeCompare(b.time ?? '')).at(-1);
  const name = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
  return `${kind} ${name} (manager ${last?.manager ?? 'unknown'}, ${last?.time ?? metadata.creationTimestamp ?? 'unknown time'})`;
}

type Fields = Readonly<Record<string, Readonly<Record<string, object>> | undefined>>;

/** Who wrote a field of the spec last; '' when the object does not say. */
export const fieldManager = (object: KubeObject, field: string): string =>
  lastManager(object, (fields) => `f:${field}` in (fields['f:spec'] ?? {}));

/** … any field of the spec. */
export const specManager = (object: KubeObject): string => lastManager(object, (fields) => 'f:spec' in fields);

/** … an annotation. */
export const annotationManager = (object: KubeObject, name: string): string =>
  lastManager(object, (fields) => `f:${name}` in (fields['f:metadata']?.['f:annotations'] ?? {}));

function lastManager({ metadata }: KubeObject, wrote: (fields: Fields) => boolean): string {
  const owners = (metadata.managedFields ?? []).filter(({ fieldsV1 }) => wrote((fieldsV1 ?? {}) as Fields));
  return owners.toSorted((a, b) => (a.time ?? '').localeCompare(b.time ?? '')).at(-1)?.manager ?? '';
}

export function assertOwned(
  object: KubeObject,
  { cluster, installation }: { cluster: string; installation: string },
): void {
  if (isOwned(object, installation)) return;
  const owner = object.metadata.labels?.[labels.owner];
  const whose = owner === undefined ? 'was not made by Tidegate' : `belongs to the Tidegate installation "${owner}"`;
  const { kind, metadata } = object;
  refuse(
    'Foreign',
    `${cluster}/${metadata.namespace ?? ''}/${kind}/${metadata.name} ${whose}: ${describeObject(object)}`,
    'delete or rename that object, or let its owner release the service',
  );
}

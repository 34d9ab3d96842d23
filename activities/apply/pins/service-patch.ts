/** Changes of a user's Service: its pin, what was put back, and what Tidegate notes on it. */
import { kinds } from '../../../core/kube/kinds.ts';
import type { ObjectChange } from '../../../core/kube/object-change.ts';
import type { Service, ServicePort } from '../../../core/kube/objects.ts';
import { present } from '../../../core/values/json.ts';
import type { RecordAt } from '../../record-store.ts';

export interface ServicePatch {
  readonly annotations?: Readonly<Record<string, string | null>>;
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string | null>>;
    readonly ports?: readonly ServicePort[];
  };
}

/**
 * A merge patch, not server-side apply: Kubernetes treats a Service's selector as one value, so applying our key would
 * claim the user's keys with it. The resourceVersion guards what we have read; a conflict is retried.
 */
export async function patchService(
  { cluster }: RecordAt,
  { metadata }: Service,
  { annotations, spec }: ServicePatch,
): Promise<ObjectChange> {
  const { name, namespace, resourceVersion } = metadata;
  const patch = { metadata: { resourceVersion, ...present({ annotations }) }, ...present({ spec }) };
  await cluster.patch(kinds.service, { namespace, name }, patch);
  return { object: `Service/${name}`, action: 'configured', before: '', after: '' };
}

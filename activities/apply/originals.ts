/** The original of an adoption is marked until the adoption is over, so that whoever comes after a run that died knows it. */
import { annotations } from '../../core/kube/labels.ts';
import { kinds } from '../../core/kube/kinds.ts';
import type { ObjectChange } from '../../core/kube/object-change.ts';
import type { Deployment } from '../../core/kube/objects.ts';
import { isOwned } from '../../core/kube/ownership.ts';
import { originalMark, originalOf } from '../../core/workload/originals.ts';
import type { RecordAt } from '../record-store.ts';

/** A Deployment of ours is no original: after a release it is what serves. */
export async function markOriginal(at: RecordAt, found: Deployment, version: string): Promise<void> {
  const { service, installation } = at.service;
  if (isOwned(found, installation) || originalOf(found, service) === version) return;
  await annotate(at, found, originalMark(service, version));
}

export async function unmarkOriginals(at: RecordAt, version: string): Promise<readonly ObjectChange[]> {
  const { service, namespace } = at.service;
  const all = await at.cluster.list<Deployment>(kinds.deployment, namespace);
  return Promise.all(all.filter((one) => originalOf(one, service) === version).map((one) => annotate(at, one, null)));
}

async function annotate({ cluster }: RecordAt, { metadata }: Deployment, mark: string | null): Promise<ObjectChange> {
  const { name, namespace, resourceVersion } = metadata;
  const patch = { metadata: { resourceVersion, annotations: { [annotations.original]: mark } } };
  await cluster.patch(kinds.deployment, { namespace, name }, patch);
  return { object: `Deployment/${name}`, action: 'configured', before: '', after: '' };
}

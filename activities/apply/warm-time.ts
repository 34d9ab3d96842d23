/**
 * Until when a version stays ready without traffic: written on its own Service in the cluster that serves it, so that it
 * lies and dies with the version, and needs no record.
 */
import { annotations, labels } from '../../core/kube/labels.ts';
import { kinds } from '../../core/kube/kinds.ts';
import type { ObjectChange } from '../../core/kube/object-change.ts';
import type { Due } from '../../core/workload/cluster-state.ts';
import { subsetServices, type RecordAt } from '../record-store.ts';

/** Nothing is written where the version has no Service of its own. */
export async function markDue(at: RecordAt, version: string, due: NonNullable<Due>): Promise<readonly ObjectChange[]> {
  const services = await subsetServices(at, version);
  const own = services.filter(({ metadata }) => metadata.labels?.[labels.cluster] === at.cluster.name);
  const wanted = String(due);
  return Promise.all(
    own.map(async ({ metadata }): Promise<ObjectChange> => {
      const { name, namespace, resourceVersion } = metadata;
      const object = `Service/${name}`;
      const before = metadata.annotations?.[annotations.due] ?? '';
      if (before === wanted) return { object, action: 'unchanged', before, after: wanted };
      const patch = { metadata: { resourceVersion, annotations: { [annotations.due]: wanted } } };
      await at.cluster.patch(kinds.service, { namespace, name }, patch);
      return { object, action: 'configured', before, after: wanted };
    }),
  );
}

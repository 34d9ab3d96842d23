/**
 * Takes serving clusters that a client calls no more out of its record and its Envoys. Level-based, and only what nobody
 * has taken up again while it drained: a move that began meanwhile lets newcomers in with the same share of 0.
 */
import type { LeaveClustersInput } from '../../../core/contract/settle-activities.ts';
import { labels } from '../../../core/kube/labels.ts';
import type { ObjectChange } from '../../../core/kube/object-change.ts';
import { withoutLeaving } from '../../../core/routing/changes.ts';
import { leavingFrom, servedBy } from '../../../core/routing/normal-form.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { canonicalJson } from '../../../core/values/canonical.ts';
import { removeObject } from '../../../platform/kube/apply-objects.ts';
import { drain, type KubeDeps } from '../../ports.ts';
import { findRecord, subsetServices, updateRecord, type RecordAt } from '../../record-store.ts';

export async function leaveClusters(deps: KubeDeps, input: LeaveClustersInput): Promise<readonly ObjectChange[]> {
  const at = { cluster: await deps.clusters.connect(input), service: input.service };
  const { record } = await findRecord(at);
  if (record === null) return [];
  const leaving = leavingFrom(record);
  const changes = leaving.length === 0 ? [] : await leaveRecord(deps, at, { record, drainMs: input.drainMs });
  // An attempt that was given up, and had only been slow, ends here. One that was killed here is ended by the next.
  deps.activity.heartbeat({ leaving });
  deps.activity.signal().throwIfAborted();
  return [...changes, ...(await removeStubs(at))];
}

async function leaveRecord(
  deps: KubeDeps,
  at: RecordAt,
  { record, drainMs }: { readonly record: RoutingRecord; readonly drainMs: number },
): Promise<readonly ObjectChange[]> {
  await drain(deps, { ms: drainMs, of: 'leaveClusters' });
  const written = await updateRecord(at, (found) =>
    found.record !== null && hasSameTopology(found.record, record)
      ? { record: withoutLeaving(found.record), redirect: found.redirected }
      : null,
  );
  return written?.changes ?? [];
}

const hasSameTopology = (a: RoutingRecord, b: RoutingRecord): boolean =>
  canonicalJson(a.topology) === canonicalJson(b.topology);

/**
 * Stubs of clusters that the record, as it is now, does not name. The cluster's own Services stay: other clients' stubs
 * take their pods from them.
 */
async function removeStubs(at: RecordAt): Promise<readonly ObjectChange[]> {
  const { installation } = at.service;
  const services = await subsetServices(at);
  const { record } = await findRecord(at);
  if (record === null) return [];
  const served = [at.cluster.name, ...servedBy(record)];
  const stubs = services.filter(
    ({ metadata }) => !served.includes(metadata.labels?.[labels.cluster] ?? at.cluster.name),
  );
  return Promise.all(stubs.map((one) => removeObject(at.cluster, one, { installation })));
}

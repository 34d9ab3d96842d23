/**
 * Takes serving clusters that a client calls no more out of its record and its Envoys. Level-based, and only what nobody
 * has taken up again while it drained: a move that began meanwhile lets newcomers in with the same share of 0.
 */
import type { LeaveClustersInput } from '../../core/contract/activities.ts';
import { labels } from '../../core/kube/labels.ts';
import type { ObjectChange } from '../../core/kube/object-change.ts';
import { withoutLeaving } from '../../core/routing/changes.ts';
import { leavingFrom } from '../../core/routing/normal-form.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { canonicalJson } from '../../core/values/canonical.ts';
import { removeObject } from '../../platform/kube/apply-objects.ts';
import { drain, type KubeDeps } from '../ports.ts';
import { findRecord, subsetServices, updateRecord, type RecordAt } from '../record-store.ts';

export async function leaveClusters(deps: KubeDeps, input: LeaveClustersInput): Promise<readonly ObjectChange[]> {
  const at = { cluster: await deps.clusters.connect(input), service: input.service };
  const { record } = await findRecord(at);
  const leaving = record === null ? [] : leavingFrom(record);
  if (record === null || leaving.length === 0) return [];
  await drain(deps, { ms: input.drainMs, of: 'leaveClusters' });
  const written = await updateRecord(at, (found) =>
    found.record !== null && hasSameTopology(found.record, record)
      ? { record: withoutLeaving(found.record), redirect: found.redirected }
      : null,
  );
  if (written === null) return [];
  return [...written.changes, ...(await removeStubs(at, leaving))];
}

const hasSameTopology = (a: RoutingRecord, b: RoutingRecord): boolean =>
  canonicalJson(a.topology) === canonicalJson(b.topology);

/** The cluster's own Services stay: other clients' stubs take their pods from them. */
async function removeStubs(at: RecordAt, leaving: readonly string[]): Promise<readonly ObjectChange[]> {
  const { installation } = at.service;
  const stubs = (await subsetServices(at)).filter(({ metadata }) => {
    const serving = metadata.labels?.[labels.cluster] ?? '';
    return serving !== at.cluster.name && leaving.includes(serving);
  });
  return Promise.all(stubs.map((one) => removeObject(at.cluster, one, { installation })));
}

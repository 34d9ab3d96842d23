/** What records say of a cluster that is gone: read for all services at once, and taken out of one record at a time. */
import type { FindNamingInput, ForgetAbsentInput, NamingRecord } from '../../../core/contract/settle-activities.ts';
import type { ObjectChange } from '../../../core/kube/object-change.ts';
import { withoutAbsence } from '../../../core/routing/absence.ts';
import { calledBy } from '../../../core/routing/normal-form.ts';
import { present } from '../../../core/values/json.ts';
import type { KubeDeps } from '../../ports.ts';
import { updateRecord } from '../../record-store.ts';
import { namespaceReader, stateIn } from './survey.ts';

export async function findNaming(deps: KubeDeps, input: FindNamingInput): Promise<readonly NamingRecord[]> {
  const read = namespaceReader(deps);
  const found: NamingRecord[] = [];
  for (const service of input.services) {
    const states = await Promise.all(input.clusters.map((ref) => stateIn(read, ref, service)));
    for (const { cluster, record, unreachable, broken, unshared: hidden } of states) {
      const absence = record?.absent?.[input.name] ?? null;
      const inTopology = record !== null && calledBy(record).includes(input.name);
      const unread = unreachable === '' ? broken : unreachable;
      const drainedAtMs = record?.topology.drained?.clusters[input.name]?.atMs;
      const unshared = cluster === input.name ? hidden : undefined;
      if (absence !== null || inTopology || drainedAtMs !== undefined || unshared || unread !== '')
        found.push({ ...{ service, cluster, absence, inTopology, unread }, ...present({ drainedAtMs, unshared }) });
    }
  }
  return found;
}

export async function forgetAbsent(
  { clusters }: KubeDeps,
  { service, cluster, name, atMs }: ForgetAbsentInput,
): Promise<readonly ObjectChange[]> {
  const at = { cluster: await clusters.connect({ service, cluster }), service };
  const written = await updateRecord(at, ({ record, redirected }) => {
    if (record === null) return null;
    const without = withoutAbsence(record, name, atMs);
    return without === record ? null : { record: without, redirect: redirected };
  });
  return written?.changes ?? [];
}

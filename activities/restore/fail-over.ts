/**
 * Calls of one service leave a lost cluster. What the records say is read anew at each attempt, and each client cluster is
 * written by itself: one that fails keeps no other one waiting. A write takes the topology from whoever was read to have it.
 */
import type { FailedOverClient, FailOverInput, FailOverResult } from '../../core/contract/failover.ts';
import { servesWithout } from '../../core/rollout/failing-over.ts';
import { elsewhere, failedOver, newcomersOf, type FailingOver } from '../../core/routing/failed-over.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { ClusterFacts, ReadRecordsResult } from '../../core/workload/facts.ts';
import { readRecords } from '../apply/read-records.ts';
import { claim } from '../claim.ts';
import type { KubeDeps } from '../ports.ts';
import { updateRecord } from '../record-store.ts';

/** An Envoy that hears of a cluster has its pods within, ms; calls to the lost one fail meanwhile. */
const ENTERING_MS = 1_000;

export async function failOver(deps: KubeDeps, input: FailOverInput): Promise<FailOverResult> {
  const read = await readRecords(deps, input);
  const clients = await Promise.all(
    read.clusters.filter(({ cluster }) => cluster !== input.lost).map((one) => failOverIn(deps, { input, read, one })),
  );
  return { clients: clients.flatMap((one) => one ?? []) };
}

interface OneClient {
  readonly input: FailOverInput;
  readonly read: ReadRecordsResult;
  readonly one: ClusterFacts;
}

/** null: it has no calls of the service. */
async function failOverIn(deps: KubeDeps, { input, read, one }: OneClient): Promise<FailedOverClient | null> {
  const { cluster, record, unreachable } = one;
  const done = { cluster, shares: record?.topology.current ?? {}, failed: '' };
  if (unreachable !== '') return { ...done, action: 'failed', failed: unreachable };
  if (record === null || record.versions.proven === null) return null;
  const wanted: FailingOver = {
    ...{ service: input.service, lost: input.lost, atMs: input.atMs, failover: input.failover },
    ...{ cluster: { name: cluster }, epoch: read.epoch, run: deps.activity.runId() ?? '' },
    replaces: { epoch: record.topology.epoch, run: record.topology.run },
    serves: servesWithout(read.clusters, input.lost),
  };
  try {
    const to = elsewhere(record, wanted);
    if (to === null) return { ...done, action: 'unchanged' };
    if (newcomersOf(record, to).length > 0) {
      await write(deps, { ...wanted, entering: true });
      await deps.clock.sleep(ENTERING_MS, deps.activity.signal());
    }
    const changed = await write(deps, wanted);
    return { ...done, action: changed ? 'configured' : 'unchanged', shares: to.shares };
  } catch (error) {
    if (error instanceof TidegateError) return { ...done, action: 'failed', failed: error.message };
    throw error;
  }
}

/** false: the record says it already. */
async function write(deps: KubeDeps, input: FailingOver & { readonly entering?: true }): Promise<boolean> {
  const at = { cluster: await deps.clusters.connect(input), service: input.service };
  const written = await updateRecord(at, async ({ record, redirected }) => {
    if (record === null) return null;
    const by = await claim(deps.activity, record, { input, over: 'formerSelf', part: 'topology' });
    const next = failedOver(record, by);
    return next === record ? null : { record: next, redirect: redirected, routeAnyway: true };
  });
  return written !== null;
}

/**
 * Calls of one service leave a lost cluster. What the records say is read anew at each attempt, and each client cluster is
 * written by itself: one that fails keeps no other one waiting. A write takes the topology from whoever was read to have it.
 */
import type { FailedOverClient, FailOverInput, FailOverResult } from '../../core/contract/failover.ts';
import { handsOff, roomWithout, servesWithout } from '../../core/rollout/failing-over.ts';
import { elsewhere, failedOver, newcomersOf, type FailingOver } from '../../core/routing/failed-over.ts';
import { present } from '../../core/values/json.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { ClusterFacts, ReadRecordsResult } from '../../core/workload/facts.ts';
import { readRecords } from '../apply/read-records.ts';
import { claim } from '../claim.ts';
import type { KubeDeps } from '../ports.ts';
import { statWeights, updateRecord, type WrittenRecord } from '../record-store.ts';

/** An Envoy that hears of a cluster has its pods within, ms; calls to the lost one fail meanwhile. */
const ENTERING_MS = 1_000;

export async function failOver(deps: KubeDeps, input: FailOverInput): Promise<FailOverResult> {
  const read = await readRecords(deps, input);
  const { load, lost, failover } = input;
  const room = load === undefined ? null : roomWithout(read.clusters, { lost, failover, ...load });
  const clients = await Promise.all(
    read.clusters
      .filter(({ cluster }) => cluster !== lost)
      .map((one) => failOverIn(deps, { input, read, one, room: room?.taken[one.cluster] })),
  );
  const carried = room === null ? undefined : { perSecond: room.perSecond, shortBy: room.shortBy };
  return { clients: clients.flatMap((one) => one ?? []), ...present({ carried }) };
}

interface OneClient {
  readonly input: FailOverInput;
  readonly read: ReadRecordsResult;
  readonly one: ClusterFacts;
  readonly room: FailingOver['room'] | undefined;
}

/** null: it has no calls of the service. */
async function failOverIn(deps: KubeDeps, { input, read, one, room }: OneClient): Promise<FailedOverClient | null> {
  const { cluster, record, unreachable } = one;
  const done = { cluster, shares: record?.topology.current ?? {}, failed: '' };
  if (unreachable !== '') return { ...done, action: 'failed', failed: unreachable };
  if (record === null || record.versions.proven === null) return null;
  const wanted: FailingOver = {
    ...{ service: input.service, lost: input.lost, atMs: input.atMs, failover: input.failover },
    ...{ cluster: { name: cluster }, epoch: read.epoch, run: deps.activity.runId() ?? '' },
    replaces: { epoch: record.topology.epoch, run: record.topology.run },
    serves: servesWithout(read.clusters, input.lost),
    ...present({ room }),
  };
  try {
    const to = elsewhere(record, wanted);
    if (to === null) return { ...done, action: 'unchanged' };
    const paused =
      input.despitePauses === true ? '' : handsOff(read.clusters, { client: cluster, service: input.service.service });
    if (paused !== '') return { ...done, action: 'paused', failed: paused };
    if (newcomersOf(record, to).length > 0) {
      await write(deps, { ...wanted, entering: true });
      await deps.clock.sleep(ENTERING_MS, deps.activity.signal());
    }
    const written = await write(deps, wanted);
    if (written === null) return { ...done, action: 'unchanged', shares: to.shares };
    const weights = statWeights(written.record);
    const withdrawn = Object.keys(weights).filter((name) => weights[name] === 0);
    const wrote = { weights, withdrawn, writtenAtMs: deps.clock.nowMs() };
    return { ...done, action: 'configured', shares: to.shares, wrote };
  } catch (error) {
    if (error instanceof TidegateError) return { ...done, action: 'failed', failed: error.message };
    throw error;
  }
}

/** null: the record says it already. */
async function write(deps: KubeDeps, input: FailingOver & { readonly entering?: true }): Promise<WrittenRecord | null> {
  const at = { cluster: await deps.clusters.connect(input), service: input.service };
  return updateRecord(at, async ({ record, redirected }) => {
    if (record === null) return null;
    const by = await claim(deps.activity, record, { input, over: 'formerSelf', part: 'topology' });
    const next = failedOver(record, by);
    return next === record ? null : { record: next, redirect: redirected, routeAnyway: true };
  });
}

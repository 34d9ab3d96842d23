/** The records and facts of every cluster of a mesh, however many there are. */
import { patched, proxyActivities } from '@temporalio/workflow';
import type { ReadRecordsInput, RolloutActivities } from '../core/contract/activities.ts';
import { batchesOf } from '../core/rollout/plan/fan-out.ts';
import type { ReadRecordsResult } from '../core/workload/facts.ts';
import { activityOptions, noPlan } from './activity-options.ts';
import { installation } from './installation.ts';

const { readRecords } = proxyActivities<RolloutActivities>({
  ...activityOptions(noPlan, installation()).readRecords,
  summary: 'read records of all clusters',
});

/** By one activity up to 50 clusters: the facts of a cluster are some kilobytes, and each has its time to be read in. */
export async function readClusters({ service, clusters }: ReadRecordsInput): Promise<ReadRecordsResult> {
  const batches = batchesOf(clusters, () => 0);
  // A start that was under way when the batches came reads all at once.
  if (batches.length < 2 || !patched('read-in-batches')) return readRecords({ service, clusters });
  const read = await Promise.all(batches.map((batch) => readRecords({ service, clusters: batch })));
  return { clusters: read.flatMap((one) => one.clusters), epoch: Math.max(...read.map(({ epoch }) => epoch)) };
}

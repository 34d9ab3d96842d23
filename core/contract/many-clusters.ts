/** One write in many clusters, by one activity: each cluster by itself, and so many at a time. */
import type { Packed } from '../values/packed.ts';

/** Activities of one cluster that are also asked of many at once. */
export type ClusterWrite =
  'prepareVersion' | 'runBefore' | 'keepCapacity' | 'applyRouting' | 'commit' | 'releaseService';

/** A step ends with the first cluster that fails for good. What cannot be taken back any more goes on in all others. */
export const endsAtFailure = (write: ClusterWrite): boolean => write !== 'commit' && write !== 'releaseService';

export interface ManyClustersInput<W extends ClusterWrite, Input> {
  readonly write: W;
  /** Of that activity, one per cluster. */
  readonly inputs: Packed<Input>;
  /** Clusters that are worked on at the same time. One that waits for its next attempt is none of them. */
  readonly atOnce: number;
  /** How long a cluster may take from its first attempt on, ms; then the whole write fails. */
  readonly withinMs: number;
}

/** What a run needs to know of the write in one cluster; what the write has no answer for is absent. */
export interface WrittenCluster {
  readonly cluster: string;
  readonly weights?: Readonly<Record<string, number>>;
  /** ms since the epoch. */
  readonly writtenAtMs?: number;
  readonly templateDigest?: string;
}

export interface WriteClustersResult {
  /** In the order of the inputs. */
  readonly each: readonly WrittenCluster[];
  /** As in ApplyRoutingResult. */
  readonly by?: string;
  /** As in PrepareVersionResult: nothing was written. */
  readonly resetTo?: string;
}

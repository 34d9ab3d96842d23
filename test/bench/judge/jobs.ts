/** What a worker thread can simulate, by kind. */
import { aaRuns, type AaCell, type AaCount } from './aa-runs.ts';
import { clusterRuns, type ClusterCell, type ClusterRun } from './cluster-runs.ts';
import { delayRuns, type DelayCell, type Delays } from './delay-runs.ts';
import { latencyRuns, type LatencyCell } from './latency-runs.ts';
import { misalignedRuns, type MisalignedCell, type MisalignedCount } from './misaligned-runs.ts';
import { peerRuns, type PeerCell, type PeerRun } from './peer-runs.ts';
import { promotionRuns, type Promotion, type PromotionCell } from './promotion-runs.ts';
import { pushRuns, type PushRun } from './push-runs.ts';
import type { PushCell } from './push-traffic.ts';

/** Cells by kind: everything that tells one simulation from another. */
interface Cells {
  readonly aa: AaCell;
  readonly misaligned: MisalignedCell;
  readonly delay: DelayCell;
  readonly promotion: PromotionCell;
  readonly clusters: ClusterCell;
  readonly latency: LatencyCell;
  readonly peers: PeerCell;
  readonly pushes: PushCell;
}

/** What comes back, by kind. */
export interface Results {
  readonly aa: AaCount;
  readonly misaligned: MisalignedCount;
  readonly delay: Delays;
  readonly promotion: readonly Promotion[];
  readonly clusters: readonly ClusterRun[];
  readonly latency: Delays;
  readonly peers: readonly PeerRun[];
  readonly pushes: readonly PushRun[];
}

export type Kind = keyof Cells;

export interface Job<K extends Kind> {
  readonly kind: K;
  readonly cell: Cells[K];
  readonly seed: number;
  readonly runs: number;
}

export type Answer = { readonly result: unknown } | { readonly error: string };

const simulations: {
  readonly [K in Kind]: (cell: Cells[K], of: { seed: number; runs: number }) => Results[K] | Promise<Results[K]>;
} = {
  aa: aaRuns,
  misaligned: misalignedRuns,
  delay: delayRuns,
  promotion: promotionRuns,
  clusters: clusterRuns,
  latency: latencyRuns,
  peers: peerRuns,
  pushes: pushRuns,
};

export const simulate = async <K extends Kind>({ kind, cell, seed, runs }: Job<K>): Promise<Results[K]> =>
  await simulations[kind](cell, { seed, runs });

/** A drill of a cluster: what is asked, how far each service is, and what came of it; and the load that it is held against. */
import type { ClusterRef } from '../kube/cluster-ref.ts';
import type { ServiceRef } from '../routing/service-ref.ts';
import type { DrillReport, Flow } from '../topology/drilled.ts';

export interface DrillInput {
  readonly cluster: string;
  /** How much of what it answers is moved at most, ppm. Absent: all. */
  readonly share?: number;
  readonly mesh?: string;
  /** Services of this namespace only; absent: of all. */
  readonly namespace?: string;
  /** This one only; absent: all that call the cluster. */
  readonly service?: string;
  /** Who asks, as they call themselves. */
  readonly by?: string;
  /** Why; told in the report. */
  readonly reason?: string;
}

/** full: all of the share is moved, and watched. held: every step has held, and it is back. left: it was not begun. */
export type DrillPhase = 'queued' | 'moving' | 'full' | 'returning' | 'held' | 'failed' | 'left';

export interface DrilledService {
  /** `shop/checkout`. */
  readonly service: string;
  readonly phase: DrillPhase;
  /** What it is at, or why it ended so: one sentence. */
  readonly text: string;
  /** Its topology rollout; '' = none was started. */
  readonly workflowId: string;
}

export interface DrillStatus {
  /** '' = not known yet. */
  readonly mesh: string;
  readonly cluster: string;
  /** ppm. */
  readonly share: number;
  readonly reason: string;
  readonly services: readonly DrilledService[];
  /** null: it is under way. */
  readonly report: DrillReport | null;
}

export interface MeasureLoadInput {
  readonly mesh: string;
  readonly services: readonly ServiceRef[];
  readonly clusters: readonly ClusterRef[];
  /** On our clock, ms since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
}

export interface MeasureLoadResult {
  readonly services: readonly { readonly service: string; readonly flows: readonly Flow[] }[];
  /** Why there are no numbers, or not all; '' = there are. */
  readonly problem: string;
}

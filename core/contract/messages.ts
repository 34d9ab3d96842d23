/** Inputs, messages and answers of the workflows. People use updates, machines the signal, readers queries. */
import type { SloReading, VerifyRoutingResult } from './activities.ts';
import type { Change, Plan } from './plan.ts';
import type { Shares } from '../routing/record.ts';

export interface StartRolloutInput {
  readonly service: string;
  readonly namespace?: string;
  readonly mesh?: string;
  readonly change: Change;
  /** Plan only: nothing is started and nothing is written. */
  readonly dryRun?: boolean;
}

export interface StartRolloutResult {
  /** '' for a dry run. */
  readonly workflowId: string;
  readonly runId: string;
  readonly plan: Plan;
  /** Per client cluster the share of each serving cluster, ppm. */
  readonly topology: Readonly<Record<string, Shares>>;
}

export interface RolloutInput {
  readonly plan: Plan;
}

export type Phase =
  | 'preparing'
  | 'entering'
  | 'applying'
  | 'verifying'
  | 'baking'
  | 'gated'
  | 'paused'
  | 'needs-person'
  | 'committing'
  | 'releasing'
  | 'restoring'
  | 'proving-restore'
  | 'ended';

/** unproven: the weights are restored everywhere, but an Envoy contradicts it: a person must look. */
export type Outcome = 'promoted' | 'restored' | 'partial' | 'released' | 'unproven';

export interface LogEntry {
  readonly atMs: number;
  readonly text: string;
}

/** The moments of a way back, ms since the epoch; null = has not happened. */
export interface Moments {
  /** Earliest sample interval with a bad response of the new version. */
  readonly firstBad: number | null;
  readonly verdict: number | null;
  readonly written: number | null;
  readonly proven: number | null;
}

export interface RolloutStatus {
  readonly service: string;
  readonly kind: Change['kind'];
  readonly version: string;
  readonly phase: Phase;
  readonly outcome: Outcome | null;
  /** Why the phase is what it is: one sentence. */
  readonly reason: string;
  readonly wave: number;
  readonly waves: number;
  readonly step: number;
  readonly steps: number;
  /** Share of the new version per serving cluster now, ppm. */
  readonly shares: Readonly<Record<string, number>>;
  readonly readings: readonly SloReading[];
  readonly proof: VerifyRoutingResult | null;
  /** Clusters that were taken back alone. */
  readonly takenBack: readonly string[];
  /** Clusters still to be written in a restore. */
  readonly outstanding: readonly string[];
  readonly since: number;
  readonly moments: Moments;
}

export interface RolloutResult {
  readonly outcome: Outcome;
  readonly reason: string;
  readonly status: RolloutStatus;
  readonly log: readonly LogEntry[];
}

export interface ReasonInput {
  /** Who and why; shown in the log. */
  readonly reason: string;
}

export interface PromoteInput extends ReasonInput {
  /** Skip the remaining bakes and gates. Verification and hard stops stay. */
  readonly full: boolean;
}

export const workflowNames = { startRollout: 'startRollout', rollout: 'rollout', retire: 'retire' } as const;

export const messageNames = {
  approve: 'approve',
  pause: 'pause',
  resume: 'resume',
  abort: 'abort',
  promote: 'promote',
  alert: 'alert',
  status: 'status',
  plan: 'plan',
  log: 'log',
} as const;

/** Inputs, messages and answers of the workflows. People use updates, machines the signal, readers queries. */
import type { Change } from '../rollout/change.ts';
import type { Outcome, LogEntry } from '../rollout/machine/state.ts';
import type { RolloutStatus } from '../rollout/machine/status.ts';
import type { Plan } from '../rollout/plan/plan.ts';
import type { Shares } from '../values/share.ts';

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

export interface GiveUpInput extends ReasonInput {
  /** The client cluster that will not answer. */
  readonly cluster: string;
}

export const workflowNames = { startRollout: 'startRollout', rollout: 'rollout', retire: 'retire' } as const;

export const messageNames = {
  approve: 'approve',
  pause: 'pause',
  resume: 'resume',
  abort: 'abort',
  promote: 'promote',
  giveUp: 'giveUp',
  alert: 'alert',
  status: 'status',
  plan: 'plan',
  log: 'log',
} as const;

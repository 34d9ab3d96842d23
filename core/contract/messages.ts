/** Inputs, messages and answers of the workflows. People use updates, machines the signal, readers queries. */
import type { StuckRunOf } from './activities.ts';

import type { ClusterRef } from '../kube/cluster-ref.ts';
import type { Change, ConflictRule } from '../rollout/change.ts';
import type { GuardedRun } from '../rollout/outcome.ts';
import type { Outcome, LogEntry } from '../rollout/machine/state.ts';
import type { RolloutStatus } from '../rollout/machine/status.ts';
import type { Plan } from '../rollout/plan/plan.ts';
import type { SteeredStep } from '../rollout/steered-step.ts';
import type { Need } from '../rollout/settled.ts';
import type { Waiting, WaitingStatus } from '../rollout/waiting.ts';
import type { Part } from '../routing/part.ts';
import type { ServiceRef } from '../routing/service-ref.ts';
import type { Person } from '../values/person.ts';
import type { Shares } from '../values/share.ts';
import type { DriftPolicy } from '../workload/frontend/drift-policy.ts';
import type { PauseWord } from '../workload/frontend/pauses.ts';

export interface StartRolloutInput {
  readonly service: string;
  readonly namespace?: string;
  readonly mesh?: string;
  readonly change: Change;
  /** Plan only: nothing is started and nothing is written. */
  readonly dryRun?: boolean;
  /** For adopt, deploy and topology, while another change of the part is under way. Absent: `reject`. */
  readonly onConflict?: ConflictRule;
  /** Who asks, as they call themselves; shown where the change waits. */
  readonly by?: string;
  /** Why freeze windows shall hold nothing of this run. Absent: they hold it. */
  readonly breakGlass?: string;
}

export interface StartRolloutResult {
  /** '' for a dry run. */
  readonly workflowId: string;
  readonly runId: string;
  readonly plan: Plan;
  /** Per client cluster the share of each serving cluster, ppm. */
  readonly topology: Readonly<Record<string, Shares>>;
}

/** The change waits for its turn: nothing is planned yet. Answered only to who has asked for it (`onConflict`). */
export interface QueuedResult {
  readonly workflowId: '';
  readonly runId: '';
  readonly queued: {
    /** The workflow `next` that holds it. */
    readonly workflowId: string;
    readonly runId: string;
    /** Of the waiting change, there. */
    readonly id: string;
    /** `deploy of v3 waits behind …`: one sentence. */
    readonly text: string;
  };
}

export interface NextInput {
  readonly service: ServiceRef;
  readonly part: Part;
  /** With the change that waits. */
  readonly waiting: Waiting;
}

export type NextResult = WaitingStatus;

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
  /** The moment that it is about: it is refused at another one. Absent: whatever the moment is. */
  readonly of?: SteeredStep;
  /** Who says it, and how that is known. Absent: nobody has said. */
  readonly by?: Person;
}

export interface PromoteInput extends ReasonInput {
  /** Skip the remaining bakes and gates. Verification and hard stops stay. */
  readonly full: boolean;
  /** Freeze windows hold nothing of this run any more; `reason` says why. Absent: they hold it. */
  readonly breakGlass?: true;
}

export interface GiveUpInput extends ReasonInput {
  /** The client cluster that will not answer. */
  readonly cluster: string;
}

export interface GuardInput {
  readonly service: ServiceRef;
  readonly known: KnownService;
  /** Whom it guards. Absent: started by an older worker; then nobody tells of an end that the run could not tell itself. */
  readonly run?: GuardedRun;
}

/** What the last plan said of a service: it stands in where the config cannot be read. */
export interface KnownService {
  readonly clusters: readonly ClusterRef[];
  /** How long a replaced version stays ready, ms. */
  readonly warmMs: number;
  readonly drainMs: number;
  /** Absent: known from a run's plan, or from an older worker; then `repair`. */
  readonly drift?: DriftPolicy;
  /** Sinks that hear of the end of a settler. Absent: none. */
  readonly sinks?: readonly string[];
}

export interface SettleInput {
  readonly service: ServiceRef;
  /** null: only the config knows. */
  readonly known: KnownService | null;
  /** What an earlier run of this workflow (it continues as new) has done already. Absent: a first run. */
  readonly carried?: SettleMemory;
}

/** What the settler remembers of its restores of one part. */
export interface RestoreMemory {
  /** Restores that it has started. */
  readonly rounds: number;
  /** Run id of the restore that it started last; '' = none. */
  readonly restoreRun: string;
  /** The next restore is not started before, ms since the epoch; 0 = at once. */
  readonly restoreAfterMs: number;
}

/** What the settler remembers of its own work, of the versions first; everything else it reads anew. */
export interface SettleMemory extends RestoreMemory {
  /** Of other parts. Absent: it has restored none of them. */
  readonly ofParts?: Readonly<Partial<Record<Part, RestoreMemory>>>;
  /** Looks in a row that changed nothing although something is to be done. */
  readonly idleLooks: number;
  /** The newest last. */
  readonly log: readonly LogEntry[];
}

export type SettlePhase = 'looking' | 'restoring' | 'waiting' | 'needs-person' | 'settled' | 'owned' | 'paused';

export interface SettleStatus {
  readonly phase: SettlePhase;
  /** Why the phase is what it is: one sentence. */
  readonly reason: string;
  /** What the last look found to be done. */
  readonly needs: readonly Need[];
  readonly log: readonly LogEntry[];
  /** Looks so far. */
  readonly looks: number;
}

export type SettleResult = SettleStatus;

export interface AuditInput {
  /** Absent: the only mesh of the config. */
  readonly mesh?: string;
  /** One service only; absent: all of the mesh. */
  readonly service?: string;
  readonly namespace?: string;
  /** A person waits: settlers that wait for their next look take it now. Absent: they are left to their pace. */
  readonly wakes?: true;
}

export interface AuditResult {
  readonly mesh: string;
  readonly services: number;
  readonly unsettled: readonly AuditedService[];
  /** Runs that stand still: each needs a person. Absent: an older worker has not looked. */
  readonly stuck?: readonly StuckRunOf[];
  /** Why runs could not be looked at; absent = they were. */
  readonly stuckUnasked?: string;
}

export interface AuditedService {
  readonly service: ServiceRef;
  readonly needs: readonly Need[];
  /** Did this audit start its settler? (false: it was at work already, or the service is paused.) */
  readonly started: boolean;
}

export interface PauseInput {
  readonly mesh?: string;
  readonly namespace?: string;
  /** The one or the other. */
  readonly service?: string;
  readonly cluster?: string;
  /** null: the pause ends. */
  readonly pause: Omit<PauseWord, 'atMs'> | null;
}

export interface PauseResult {
  readonly mesh: string;
  readonly clusters: readonly {
    readonly cluster: string;
    /** How many services it is written on there. */
    readonly services: number;
    /** Why it is not; '' = it is. */
    readonly failed: string;
  }[];
}

export interface ForgetInput {
  readonly mesh?: string;
  readonly cluster: string;
}

export interface ForgetResult {
  readonly mesh: string;
  /** Does the Mesh document still name the cluster? */
  readonly isNamed: boolean;
  /** Records that named it as absent, and no longer do: `aws/shop/checkout`. */
  readonly forgotten: readonly string[];
  /** Records whose topology still has it. */
  readonly inTopology: readonly string[];
  /** Records that still name it, and why. */
  readonly left: readonly string[];
}

export const workflowNames = {
  startRollout: 'startRollout',
  rollout: 'rollout',
  retire: 'retire',
  guard: 'guard',
  settle: 'settle',
  next: 'next',
  audit: 'audit',
  pause: 'pause',
  forgetCluster: 'forgetCluster',
  drainCluster: 'drainCluster',
  drillCluster: 'drillCluster',
  watchMesh: 'watchMesh',
  handleEvent: 'handleEvent',
  deliver: 'deliver',
} as const;

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
  wake: 'wake',
  queue: 'queue',
  drop: 'drop',
  tell: 'tell',
  failOver: 'failOver',
} as const;

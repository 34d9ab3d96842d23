/**
 * What a cell of the chaos suite plays on: an adopted service of the lab under steady traffic of clients that never retry,
 * and the ways in which a person, a process or a server can fail it.
 *
 *   cell = fault × phase ──► run-cell: reach the phase, inject, hold, release, lift, wait for the end ──► checks ──► Run
 *
 * Nothing here decides what is right: the expected ends are data (cells.ts), what must hold at any end is in clients.ts
 * and leftovers.ts.
 */
import type { WorkflowHandle } from '@temporalio/client';
import type { RoutingRecord } from '../../core/routing/record.ts';
import type { Stage } from '../lab/stage.ts';
import type { Rollout } from '../lab/lab-service.ts';
import type { Gateways } from './gateways.ts';

export interface Scene {
  readonly stage: Stage;
  /** In front of API servers and Prometheus, as the worker reaches them. Absent where a test shares its lab. */
  readonly gateways: Gateways | undefined;
  /** What serves everywhere when the cell begins. */
  readonly before: string;
  /** What the cell's rollout brings. */
  readonly version: string;
  /** Versions that have objects when the cell begins: some are warm for reasons of their own. */
  readonly others: ReadonlySet<string>;
  /** The run that the phase has begun; a fault without a rollout has none. */
  run: WorkflowHandle | undefined;
  /** A start that nobody has waited for yet: its refusal's code, or '' when it was taken. */
  starting: Promise<string> | undefined;
  /** A record that the fault has taken away with its route, as it was then. */
  lost: RoutingRecord | undefined;
  /** What the cell's seed decides. */
  readonly random: () => number;
}

export interface Phase {
  readonly name: string;
  readonly rollout: Rollout;
  /** Brings a rollout into the phase. */
  reach(scene: Scene): Promise<void>;
  /** While the fault lasts: what somebody does who does not know of it. */
  during?(scene: Scene): Promise<void>;
  /** It stands still there because one cluster does not answer: it is let go when the fault is lifted. */
  readonly holds?: true;
  /** What the rollout waits for there: given while the fault lasts, tried until it is taken. */
  release?(scene: Scene): Promise<void>;
  /** Clusters whose clients may have met the new version when the run then ends in its first step. */
  readonly exposed: readonly string[];
  /** The largest share of the new version until then, 0 to 1. */
  readonly share: number;
  /** The run has ended: what comes then is found by the audit, which comes by. */
  readonly ended?: true;
  /** `undo`: the version that was replaced is kept warm, and what the run brings is the older one. */
  readonly undoes?: true;
}

export interface Fault {
  readonly name: string;
  /** As a reader of the results needs it: one phrase. */
  readonly what: string;
  /** How long it lasts, ms. 0: it is an act. `untilEnd`: until the run has ended. */
  readonly lastsMs: number | 'untilEnd';
  inject(scene: Scene): Promise<void>;
  /** After the end, before the checks: what the remedy says that a person does. */
  mend?(scene: Scene): Promise<void>;
  /** … where it came after the end of the run, and nobody else would look before half an hour. */
  mendAfterEnd?(scene: Scene): Promise<void>;
  /** It hits the new version alone: failures that nobody answered are its own in clusters that may meet it. */
  readonly hitsCanary?: true;
  /** Without a rollout there is nothing that it could hit: clients see no failure. */
  readonly ofRuns?: true;
  /** Pods crash: the next crash of the same pods would wait longer for their restart, so a baseline leaves fresh ones. */
  readonly wearsPods?: true;
}

export const aws = 'aws-us-east-1';
export const gcp = 'gcp-europe-west1';
/** Phases that must stand still in mid-write hang this one's API server; faults keep away from it. */
export const held = 'onprem-fra1';

/** What a start does while another change of the part is under way: it is refused, or waits for its turn. */
import { ApplicationFailure, patched, workflowInfo } from '@temporalio/workflow';
import type { LoadedConfig } from '../../core/config/types.ts';
import type { QueuedResult, StartRolloutInput } from '../../core/contract/messages.ts';
import { conflictRules, isWayBack } from '../../core/rollout/change.ts';
import { refusal, serviceRef } from '../../core/rollout/plan/frame.ts';
import { lastingProblems } from '../../core/rollout/preflight/lasting.ts';
import { runningText, type RunningRollout } from '../../core/rollout/running.ts';
import { changeText, waitingChange } from '../../core/rollout/waiting.ts';
import { partFlag, type Part } from '../../core/routing/part.ts';
import type { ReadRecordsResult } from '../../core/workload/facts.ts';
import { openRun } from '../running-rollout.ts';
import { nextIdOf, queueChange } from './nexts.ts';

export interface Conflict {
  readonly config: LoadedConfig;
  readonly part: Part;
  /** null: none runs. */
  readonly running: RunningRollout | null;
}

/** It would rather wait than be refused. */
export const waitsForTurn = ({ onConflict, dryRun }: StartRolloutInput): boolean =>
  dryRun !== true && (onConflict === 'queue' || onConflict === 'supersede');

/** '' = the rule is a good one; else why not. */
export function refuseRule({ onConflict, change }: StartRolloutInput): string {
  if (onConflict === undefined) return '';
  if (!conflictRules.includes(onConflict)) return `"onConflict" is one of ${conflictRules.join(', ')}`;
  if (onConflict === 'reject' || !isWayBack(change.kind)) return '';
  return `"onConflict" is for adopt, deploy and topology: ${change.kind} is a way back, and waits behind nothing. Abort what runs`;
}

/**
 * Does another change wait for its turn already? Only what goes forward asks: nothing holds up a way back. The start of a
 * change whose turn has come is the child of what it would find.
 */
export async function isHeldUp({ change, dryRun }: StartRolloutInput, { config, part }: Conflict): Promise<boolean> {
  const workflowId = nextIdOf({ service: serviceRef(config), part });
  if (dryRun === true || isWayBack(change.kind) || workflowInfo().parent?.workflowId === workflowId) return false;
  // A start that was under way when this came asks nobody.
  return patched('next') && (await openRun(workflowId)) !== '';
}

export function heldUp({ config, part }: Conflict): ApplicationFailure {
  const of = serviceRef(config);
  return ApplicationFailure.nonRetryable(
    `another change waits for its turn (${nextIdOf({ service: of, part })}), and the newest wins: take its place by --on-conflict queue, or drop it: tidegate rollout drop ${of.service}${partFlag(part)}`,
    'Conflict',
  );
}

/** Refuses at once what no turn can make right. */
export async function waitForTurn(
  { change, onConflict, by = 'somebody' }: StartRolloutInput,
  { config, part, running }: Conflict,
  read: ReadRecordsResult,
): Promise<QueuedResult> {
  const asked = { config, facts: read.clusters, change };
  const problems = lastingProblems(asked);
  if (problems.length > 0) throw refusal(asked, problems);
  const service = serviceRef(config);
  const waiting = waitingChange({ change, by, supersedes: onConflict === 'supersede', atMs: Date.now() });
  const runId = await queueChange({ service, part }, waiting, openRun);
  const behind = running === null ? 'what is under way' : runningText(running);
  const text = `${changeText(change)} waits for its turn behind ${behind}`;
  const workflowId = nextIdOf({ service, part });
  return { workflowId: '', runId: '', queued: { workflowId, runId, id: waiting.id, text } };
}

/** One look of `next`: has the turn of what waits come? And the turn itself: the start of the change, as it would be now. */
import { isCancellation, proxyActivities, startChild } from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { NextInput } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { turnWorkflowId } from '../../core/contract/workflow-ids.ts';
import { standText, type RunningStatus } from '../../core/rollout/running.ts';
import {
  changeText,
  endTurn,
  putBack,
  refuseSupersede,
  supersededText,
  takeTurn,
  type EndedWaiting,
  type Waiting,
  type WaitingChange,
  type WaitingStatus,
} from '../../core/rollout/waiting.ts';
import { isRefusal } from '../../core/values/error.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { describeFailure } from '../failures.ts';
import { installation } from '../installation.ts';
import { openRunOf, type MovedPart } from '../running-rollout.ts';
import { startRollout } from '../start-rollout.ts';

/** Between two looks that nobody asks for, ms: guards wake it, and this is for a guard that was lost. */
const SAFETY_MS = 10 * 60_000;

/** Until a start is tried again that failed for a fault of ours and not of the change, ms … */
const AGAIN_MS = 60_000;

/** … and how often. */
const TRIES = 3;

const options = activityOptions(noPlan, installation());
const { describeRun } = proxyActivities<RolloutActivities>({
  ...options.describeRun,
  summary: 'what does the run before it do?',
});

export interface Turns {
  /** ms until the next look; 0 = at once. */
  look(): Promise<number>;
  change(to: (waiting: Waiting) => Waiting): void;
  waiting(): Waiting;
  status(): WaitingStatus;
}

interface Looking {
  readonly of: MovedPart;
  waiting: Waiting;
  now: Pick<WaitingStatus, 'reason' | 'behind'>;
  /** The run that was asked what it does, and the change of which is known whether it takes its place ('' = none). */
  judged: { readonly runId: string; readonly id: string };
  tries: number;
}

export function createTurns({ service, part, waiting }: NextInput): Turns {
  const looking: Looking = {
    ...{ of: { ...service, part }, waiting, now: { reason: 'looking', behind: null } },
    ...{ judged: { runId: '', id: '' }, tries: 0 },
  };
  return {
    look: () => lookOrWait(looking),
    change: (to) => void (looking.waiting = to(looking.waiting)),
    waiting: () => looking.waiting,
    status: () => ({ ...looking.waiting, ...looking.now, service: `${service.namespace}/${service.service}`, part }),
  };
}

/** A look that fails (Temporal, a full queue) is taken again: what waits is not lost by it. */
async function lookOrWait(looking: Looking): Promise<number> {
  try {
    return await look(looking);
  } catch (error) {
    if (isCancellation(error)) throw error;
    looking.now = { ...looking.now, reason: `the look failed: ${describeFailure(error).message}` };
    return AGAIN_MS;
  }
}

async function look(looking: Looking): Promise<number> {
  const { workflowId, runId } = await openRunOf(looking.of);
  if (runId !== '') return waitBehind(looking, { workflowId, runId });
  looking.now = { reason: 'no run is before it', behind: null };
  const last = await describeRun({ workflowId, runId: '' });
  if (last?.outcome === 'unproven') {
    looking.now = { reason: `the last run ended unproven, and a restore comes first: ${last.reason}`, behind: null };
    return SAFETY_MS;
  }
  // Somebody may have dropped it meanwhile.
  return looking.waiting.waits === null ? 0 : takeItsTurn(looking);
}

/** A look costs no question to a run that has answered it before. */
async function waitBehind(looking: Looking, run: { workflowId: string; runId: string }): Promise<number> {
  const { judged } = looking;
  const { waits } = looking.waiting;
  if (waits === null) return 0;
  if (judged.runId === run.runId && (judged.id === waits.id || !waits.supersedes)) return SAFETY_MS;
  const status = await describeRun(run);
  const stand = status === null ? `${run.workflowId} (it did not answer)` : standText(status);
  const note = waits.supersedes && status !== null ? await supersede(run, waits, status) : '';
  looking.now = { reason: `behind ${stand}`, behind: { ...run, note } };
  if (waits.supersedes && status === null) return AGAIN_MS;
  looking.judged = { runId: run.runId, id: waits.supersedes ? waits.id : '' };
  return SAFETY_MS;
}

/** What has come of it, in words. */
async function supersede(
  run: { workflowId: string; runId: string },
  by: WaitingChange,
  status: RunningStatus,
): Promise<string> {
  const reason = supersededText(by);
  const { abortRun } = proxyActivities<RolloutActivities>({ ...options.abortRun, summary: reason });
  const refused = refuseSupersede(by, status) || (await abortRun({ ...run, reason })).refused;
  return refused === '' ? 'it was aborted, and goes back first' : `it is not superseded: ${refused}`;
}

async function takeItsTurn(looking: Looking): Promise<number> {
  looking.waiting = takeTurn(looking.waiting);
  const { turn } = looking.waiting;
  if (turn === null) return 0;
  looking.now = { reason: 'its turn has come: it is being planned', behind: null };
  try {
    const { workflowId } = await start(looking.of, turn);
    endsAs(looking, { end: 'started', text: `${workflowId} runs`, workflowId });
    return 0;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return afterFailure(looking, describeFailure(error));
  }
}

async function start(of: MovedPart, { change, by }: WaitingChange): Promise<{ workflowId: string }> {
  const { mesh, namespace, service } = of;
  const door = await startChild(startRollout, {
    workflowId: turnWorkflowId(of.installation, of),
    args: [{ mesh, namespace, service, change, by }],
    taskQueue: taskQueue(installation(), 'control'),
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    staticSummary: `${changeText(change)} for ${service}: its turn has come`,
  });
  return door.result();
}

/** It waits on for what others end; a fault of ours is tried again a few times; all else is its end. */
async function afterFailure(
  looking: Looking,
  { code, message }: { readonly code: string; readonly message: string },
): Promise<number> {
  if (code === 'HalfMoved') return waitOn(looking, `it is not settled yet: ${message}`, SAFETY_MS);
  if (code === 'Conflict' && (await openRunOf(looking.of)).runId !== '') return waitOn(looking, message, 0);
  looking.tries += 1;
  // What was in its way has ended since, as a restore does that was quicker than the plan.
  if (code === 'Conflict' && looking.tries < TRIES) return waitOn(looking, message, 0);
  if (!isRefusal(code) && looking.tries < TRIES) return waitOn(looking, `the start failed: ${message}`, AGAIN_MS);
  endsAs(looking, { end: 'refused', text: message });
  return 0;
}

function waitOn(looking: Looking, reason: string, waitMs: number): number {
  looking.waiting = putBack(looking.waiting);
  looking.now = { reason, behind: null };
  return waitMs;
}

function endsAs(looking: Looking, end: Pick<EndedWaiting, 'end' | 'text'> & { readonly workflowId?: string }): void {
  looking.waiting = endTurn(looking.waiting, { ...end, atMs: Date.now() });
  looking.now = { reason: end.text, behind: null };
  looking.tries = 0;
}

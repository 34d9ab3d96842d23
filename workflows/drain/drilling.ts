/** One service of a drill: its rollout is started, looked at, and told to go back. */
import { isCancellation, proxyActivities, startChild, workflowInfo } from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { DrillInput, DrillPhase } from '../../core/contract/drill.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import type { ListedService } from '../../core/contract/settle-activities.ts';
import { workflowIdOf } from '../../core/contract/workflow-ids.ts';
import type { RunClose } from '../../core/rollout/outcome.ts';
import type { Move } from '../../core/topology/drilled.ts';
import { present } from '../../core/values/json.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { describeFailure } from '../failures.ts';
import { installation } from '../installation.ts';
import { startRollout } from '../start-rollout.ts';

const options = activityOptions(noPlan, installation());
const { describeEnd } = proxyActivities<RolloutActivities>({ ...options.describeEnd, summary: 'does it hold?' });
const { abortRun } = proxyActivities<RolloutActivities>({ ...options.abortRun, summary: 'back at once' });

export interface Drilling {
  readonly of: ListedService;
  phase: DrillPhase;
  text: string;
  /** null: none was started. */
  run: { readonly workflowId: string; readonly runId: string } | null;
  moves: readonly Move[];
  /** From when to when all of the share was seen moved, ms since the epoch; null: it was not. */
  full: { readonly fromMs: number; readonly toMs: number } | null;
}

export const nothingBegun = (of: ListedService): Drilling => ({
  ...{ of, phase: 'queued', text: 'waits for its turn', run: null, moves: [], full: null },
});

export const isOver = ({ phase }: Pick<Drilling, 'phase'>): boolean => ['held', 'failed', 'left'].includes(phase);

/** One that is refused holds up no other: the report says that it was not drilled. */
export async function begin(one: Drilling, { cluster, share, by }: DrillInput): Promise<void> {
  const { mesh, namespace, service } = one.of.service;
  const change = { kind: 'topology', drills: cluster, ...present({ share }) } as const;
  const id = ['start', namespace, service, workflowInfo().firstExecutionRunId, 'drill'] as const;
  try {
    const answer = await startChild(startRollout, {
      workflowId: workflowIdOf(installation(), ...id),
      args: [{ ...{ mesh, namespace, service, change }, ...present({ by }) }],
      taskQueue: taskQueue(installation(), 'control'),
      staticSummary: `drill ${cluster}: ${namespace}/${service}`,
    }).then((door) => door.result());
    if ('queued' in answer) throw new Error(answer.queued.text);
    const steps = answer.plan.waves[0]?.steps ?? [];
    const planned = Object.entries(steps.at(-1)?.topology ?? {});
    one.moves = planned.map(([client, { shares }]) => ({ client, from: answer.topology[client] ?? {}, to: shares }));
    one.run = { workflowId: answer.workflowId, runId: answer.runId };
    Object.assign(one, { phase: 'moving', text: 'its calls are moved' });
  } catch (error) {
    if (isCancellation(error)) throw error;
    Object.assign(one, { phase: 'left', text: describeFailure(error).message });
  }
}

export async function lookAt(one: Drilling): Promise<void> {
  if (one.run === null) return;
  const close = await describeEnd(one.run);
  if (close.as === 'running') return lookOn(one, close.said);
  const said = close.said ?? { outcome: null, reason: 'it said nothing more', cause: undefined };
  const isBack = said.outcome === 'restored';
  if (isBack && said.cause === 'drilled') Object.assign(one, { phase: 'held', text: said.reason });
  else if (isBack) Object.assign(one, { phase: 'failed', text: `it is back: ${said.reason}` });
  else {
    const how = said.outcome ?? close.as;
    Object.assign(one, {
      phase: 'failed',
      text: `its rollout ended as ${how}, the settler puts it back: ${said.reason}`,
    });
  }
}

function lookOn(one: Drilling, said: RunClose['said']): void {
  if (said === null) return;
  const { phase, reason, step = 0, steps = 0, since = Date.now() } = said;
  const isFull = phase === 'baking' && steps > 0 && step === steps;
  if (isFull) one.full = { fromMs: one.full?.fromMs ?? since, toMs: Date.now() };
  const isBack = phase === 'restoring' || phase === 'proving-restore';
  Object.assign(one, { phase: isFull ? 'full' : isBack ? 'returning' : 'moving', text: `${phase}: ${reason}` });
}

/** What cannot be told so goes back by itself, as every drill does. */
export async function goBack(drills: readonly Drilling[], reason: string): Promise<void> {
  await Promise.all(
    drills.map(async (one) => {
      if (isOver(one) || one.run === null) return;
      try {
        await abortRun({ ...one.run, reason });
      } catch (error) {
        if (isCancellation(error)) throw error;
      }
    }),
  );
}

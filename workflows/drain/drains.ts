/** One service of a drain, or of its end: the move of its calls, and what cluster mesh may share. */
import { isCancellation, proxyActivities, sleep, startChild, workflowInfo } from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { DrainedService, DrainInput, DrainPhase } from '../../core/contract/drain.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import type { ListServicesResult, NamingRecord } from '../../core/contract/settle-activities.ts';
import { workflowIdOf } from '../../core/contract/workflow-ids.ts';
import { catchUpOf } from '../../core/rollout/catch-up.ts';
import type { Change } from '../../core/rollout/change.ts';
import type { ServiceRef } from '../../core/routing/service-ref.ts';
import { present } from '../../core/values/json.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { describeFailure } from '../failures.ts';
import { installation } from '../installation.ts';
import { startRollout } from '../start-rollout.ts';

const options = activityOptions(noPlan, installation());
const { findNaming } = proxyActivities<RolloutActivities>({ ...options.findNaming, summary: 'is it there by now?' });
const { describeEnd } = proxyActivities<RolloutActivities>({ ...options.describeEnd, summary: 'has it moved?' });
const { readRecords } = proxyActivities<RolloutActivities>({ ...options.readRecords, summary: 'what has it missed?' });
const { shareService } = proxyActivities<RolloutActivities>({
  ...options.shareService,
  summary: 'what cluster mesh gives to other clusters',
});

/** Between two looks at a rollout, ms: the first, and the longest. */
const LOOK_MS = { first: 1_000, longest: 15_000 };
/** Until a start is tried again that another run was in the way of, ms … */
const AGAIN_MS = { first: 2_000, longest: 60_000 };
/** … and how often: about half an hour. */
const TRIES = 32;

export interface Draining extends Seen {
  readonly input: DrainInput;
  readonly clusters: ListServicesResult['clusters'];
  readonly service: ServiceRef;
  readonly say: (phase: DrainPhase, text: string, workflowId?: string) => void;
}

/** What the records say of one service and the cluster. */
interface Seen {
  /** When records say that it was drained, ms since the epoch; null: they do not. */
  readonly drainedAtMs: number | null;
  /** Do calls go there now? */
  readonly isCalled: boolean;
  /** Why that is not known for sure; '' = it is. */
  readonly unread: string;
}

export function seenOf(of: ServiceRef, naming: readonly NamingRecord[]): Seen {
  const own = naming.filter(({ service }) => service.namespace === of.namespace && service.service === of.service);
  const times = own.flatMap(({ drainedAtMs }) => drainedAtMs ?? []);
  return {
    isCalled: own.some(({ inTopology }) => inTopology),
    drainedAtMs: times.length === 0 ? null : Math.min(...times),
    unread: own.map(({ unread }) => unread).find((why) => why !== '') ?? '',
  };
}

/** Weights first, then what is shared. */
export async function drainService(one: Draining): Promise<void> {
  const { input, drainedAtMs, isCalled, say } = one;
  const { cluster } = input;
  const moves = isCalled || one.unread !== '';
  if (moves && !(await moved(one, { kind: 'topology', drains: cluster, ...present({ without: input.without }) })))
    return;
  if (!moves && drainedAtMs === null) return say('done', `no calls go to ${cluster}`);
  const shared = await share(one, false);
  say('done', `${moves ? 'drained' : 'was drained already'}${shared}`);
}

/** What is shared first, then the weights; then a version that it has missed. */
export async function restoreService(one: Draining): Promise<void> {
  const { input, drainedAtMs, say } = one;
  const { cluster } = input;
  if (drainedAtMs === null && one.unread === '') return say('done', 'is not drained');
  const shared = await share(one, true);
  if (!(await moved(one, { kind: 'topology', returns: cluster, ...present({ without: input.without }) }))) return;
  const missed = drainedAtMs === null ? '' : await catchUp(one, drainedAtMs);
  say('done', `is called again as before the drain${shared}${missed}`);
}

/** What a person should know of it; '' = nothing. */
async function share({ service, clusters, input, say }: Draining, shared: boolean): Promise<string> {
  const ref = clusters.find(({ name }) => name === input.cluster);
  if (ref === undefined || input.without?.includes(ref.name) === true) return '';
  say('sharing', `cluster mesh ${shared ? 'gives its pods to other clusters again' : 'gives its pods to nobody'}`);
  try {
    const { conflict } = await shareService({ service, cluster: ref, shared });
    return conflict === '' ? '' : `; ${conflict}`;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return `; not told to cluster mesh: ${describeFailure(error).message}`;
  }
}

/** Started as soon as no other run is in its way, and followed to its end. */
async function moved(one: Draining, change: Change): Promise<boolean> {
  const run = await started(one, change);
  if (run === 'there' || run === 'left') return run === 'there';
  one.say('moving', 'its calls are moved', run.workflowId);
  for (let waitMs = LOOK_MS.first; ; waitMs = Math.min(waitMs * 2, LOOK_MS.longest)) {
    await sleep(waitMs);
    const { as, said } = await describeEnd(run);
    if (as === 'running') continue;
    if (as === 'completed' && said?.outcome === 'promoted') return true;
    one.say('left', `its rollout ended as ${said?.outcome ?? as}: ${said?.reason ?? 'it said nothing more'}`);
    return false;
  }
}

interface StartedRun {
  readonly workflowId: string;
  readonly runId: string;
}

/** there: the run that was in the way has done it, as one does that an earlier drain had begun. */
async function started(one: Draining, change: Change): Promise<StartedRun | 'there' | 'left'> {
  let waitMs = AGAIN_MS.first;
  for (let tries = 1; ; tries += 1) {
    try {
      const answer = await start(one, { change, attempt: String(tries) });
      return { workflowId: answer.workflowId, runId: answer.runId };
    } catch (error) {
      if (isCancellation(error)) throw error;
      const { code, message } = describeFailure(error);
      const passes = (code === 'Conflict' || code === 'HalfMoved') && tries < TRIES;
      one.say(passes ? 'waiting' : 'left', message);
      if (!passes) return 'left';
    }
    await sleep(waitMs);
    if (await isThere(one)) return 'there';
    waitMs = Math.min(waitMs * 2, AGAIN_MS.longest);
  }
}

async function isThere({ service, clusters, input }: Draining): Promise<boolean> {
  const asked = clusters.filter(({ name }) => input.without?.includes(name) !== true);
  const now = seenOf(service, await findNaming({ services: [service], clusters: asked, name: input.cluster }));
  if (now.unread !== '') return false;
  return input.does === 'drain' ? !now.isCalled && now.drainedAtMs !== null : now.drainedAtMs === null;
}

interface Starting {
  readonly change: Change;
  readonly attempt: string;
  readonly onConflict?: 'queue';
}

async function start({ service, input }: Draining, { change, attempt, onConflict }: Starting) {
  const { mesh, namespace, service: name } = service;
  const door = await startChild(startRollout, {
    workflowId: workflowIdOf(installation(), 'start', namespace, name, workflowInfo().runId, change.kind, attempt),
    args: [{ ...{ mesh, namespace, service: name, change }, ...present({ by: input.by, onConflict }) }],
    taskQueue: taskQueue(installation(), 'control'),
    staticSummary: `${input.does} ${input.cluster}: ${namespace}/${name}`,
  });
  return door.result();
}

/** It goes on by itself: a deploy may ask people. */
async function catchUp(one: Draining, sinceMs: number): Promise<string> {
  const { service, clusters, input } = one;
  try {
    const asked = clusters.filter(({ name }) => input.without?.includes(name) !== true);
    const read = await readRecords({ service, clusters: asked });
    const change = catchUpOf(read.clusters, { cluster: input.cluster, sinceMs });
    if (change === null) return '';
    const answer = await start(one, { change, attempt: 'catch-up', onConflict: 'queue' });
    return 'queued' in answer
      ? `; it has missed ${change.version}, and catches up after what is under way`
      : `; it has missed ${change.version}, and catches up: ${answer.workflowId}`;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return `; whether it has missed a version, or its deploy: ${describeFailure(error).message}`;
  }
}

export const queued = (service: ServiceRef): DrainedService => ({
  service: `${service.namespace}/${service.service}`,
  phase: 'queued',
  text: 'waits for its turn',
  workflowId: '',
});

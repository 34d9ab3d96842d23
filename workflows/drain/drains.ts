/** One service of a drain, or of its end: the move of its calls, and what cluster mesh may share. */
import { isCancellation, proxyActivities, sleep, startChild, workflowInfo } from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { DrainedService, DrainInput, DrainPhase } from '../../core/contract/drain.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import type { ListServicesResult, NamingRecord } from '../../core/contract/settle-activities.ts';
import { workflowIdOf } from '../../core/contract/workflow-ids.ts';
import { catchUpOf, type CatchUp } from '../../core/rollout/catch-up.ts';
import type { Change } from '../../core/rollout/change.ts';
import type { ServiceRef } from '../../core/routing/service-ref.ts';
import { present } from '../../core/values/json.ts';
import type { ClusterFacts } from '../../core/workload/facts.ts';
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

/** Between two looks at a rollout, ms: the first, the longest of the first looks, and of those after them (a freeze may last for days). */
const LOOK_MS = { first: 1_000, soon: 15_000, later: 600_000 };
const FIRST_LOOKS = 40;
/** Until a start is tried again that another run was in the way of, ms … */
const AGAIN_MS = { first: 2_000, longest: 60_000 };
/** … and how often: about half an hour. */
const TRIES = 32;

export interface Draining extends Seen {
  readonly input: DrainInput;
  /** Those that are asked: all but those that it goes without. */
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
  /** Has a drain told cluster mesh to give its pods to nobody, and nobody taken that back? */
  readonly isUnshared: boolean;
  /** Why that is not known for sure; '' = it is. */
  readonly unread: string;
}

export function seenOf(of: ServiceRef, naming: readonly NamingRecord[]): Seen {
  const own = naming.filter(({ service }) => service.namespace === of.namespace && service.service === of.service);
  const times = own.flatMap(({ drainedAtMs }) => drainedAtMs ?? []);
  return {
    isCalled: own.some(({ inTopology }) => inTopology),
    isUnshared: own.some(({ unshared }) => unshared === true),
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
  say(shared.failed ? 'left' : 'done', `${moves ? 'drained' : 'was drained already'}${shared.text}`);
}

/** Weights first here too: one that comes back ill is given to nobody else. Then a version that it has missed. */
export async function restoreService(one: Draining): Promise<void> {
  const { input, drainedAtMs, isUnshared, say } = one;
  const { cluster } = input;
  const moves = drainedAtMs !== null || one.unread !== '';
  if (!moves && !isUnshared) return say('done', `is not drained${one.isCalled ? await missedText(one) : ''}`);
  if (moves && !(await moved(one, { kind: 'topology', returns: cluster, ...present({ without: input.without }) })))
    return;
  const shared = await share(one, true);
  const missed = drainedAtMs === null ? '' : await catchUp(one, drainedAtMs);
  const done = moves ? 'is called again as before the drain' : 'is given to other clusters again';
  say(shared.failed ? 'left' : 'done', `${done}${shared.text}${missed}`);
}

interface Told {
  /** What a person should know of it; '' = nothing. */
  readonly text: string;
  /** Cluster mesh does not know: it can be asked for again. */
  readonly failed: boolean;
}

async function share({ service, clusters, input, say }: Draining, shared: boolean): Promise<Told> {
  const ref = clusters.find(({ name }) => name === input.cluster);
  if (ref === undefined) return { text: '', failed: false };
  say('sharing', `cluster mesh ${shared ? 'gives its pods to other clusters again' : 'gives its pods to nobody'}`);
  try {
    const { conflict } = await shareService({ service, cluster: ref, shared });
    return { text: conflict === '' ? '' : `; ${conflict}`, failed: false };
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { text: `; not told to cluster mesh: ${describeFailure(error).message}`, failed: true };
  }
}

/** Started as soon as no other run is in its way, and followed to its end. */
async function moved(one: Draining, change: Change): Promise<boolean> {
  const run = await started(one, change);
  if (run === 'there' || run === 'left') return run === 'there';
  one.say('moving', 'its calls are moved', run.workflowId);
  let waitMs = LOOK_MS.first;
  for (let looks = 1; ; looks += 1) {
    await sleep(waitMs);
    waitMs = Math.min(waitMs * 2, looks < FIRST_LOOKS ? LOOK_MS.soon : LOOK_MS.later);
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
    if (await isThereNow(one)) return 'there';
    waitMs = Math.min(waitMs * 2, AGAIN_MS.longest);
  }
}

/** What cannot be read now is not there: the next start says why. */
async function isThereNow(one: Draining): Promise<boolean> {
  try {
    return await isThere(one);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return false;
  }
}

async function isThere({ service, clusters, input }: Draining): Promise<boolean> {
  const now = seenOf(service, await findNaming({ services: [service], clusters, name: input.cluster }));
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
    workflowId: workflowIdOf(
      installation(),
      'start',
      namespace,
      name,
      workflowInfo().firstExecutionRunId,
      change.kind,
      attempt,
    ),
    args: [{ ...{ mesh, namespace, service: name, change }, ...present({ by: input.by, onConflict }) }],
    taskQueue: taskQueue(installation(), 'control'),
    staticSummary: `${input.does} ${input.cluster}: ${namespace}/${name}`,
  });
  return door.result();
}

/** It goes on by itself: a deploy may ask people. */
async function catchUp(one: Draining, sinceMs: number): Promise<string> {
  try {
    const missed = catchUpOf(await recordsOf(one), { cluster: one.input.cluster, sinceMs });
    if (missed === null) return '';
    const { change } = missed;
    if (missed.others.length > 0) return missedBy(one, missed);
    const answer = await start(one, { change, attempt: 'catch-up', onConflict: 'queue' });
    return 'queued' in answer
      ? `; it has missed ${change.version}, and catches up after what is under way`
      : `; it has missed ${change.version}, and catches up: ${answer.workflowId}`;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return `; whether it has missed a version, or its deploy: ${describeFailure(error).message}`;
  }
}

/** Of one that is not drained (any more): a version that it has missed is told, and nothing is started. */
async function missedText(one: Draining): Promise<string> {
  try {
    const facts = await recordsOf(one);
    const commits = facts.map(({ record }) => record?.versions.commits?.[one.input.cluster] ?? 0);
    const missed = catchUpOf(facts, { cluster: one.input.cluster, sinceMs: Math.max(0, ...commits) });
    return missed === null ? '' : missedBy(one, missed);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return `; whether it has missed a version: ${describeFailure(error).message}`;
  }
}

function missedBy({ service }: Draining, { serves, others, change }: CatchUp): string {
  const differ = others.length === 0 ? '' : ` (not in ${others.join(', ')}, so it is not started for you)`;
  return `; it serves ${serves}, and ${change.version} is proven elsewhere${differ}: tidegate deploy ${service.service} --version ${change.version}`;
}

const recordsOf = async ({ service, clusters }: Draining): Promise<readonly ClusterFacts[]> =>
  (await readRecords({ service, clusters })).clusters;

export const queued = (service: ServiceRef): DrainedService => ({
  service: `${service.namespace}/${service.service}`,
  phase: 'queued',
  text: 'waits for its turn',
  workflowId: '',
});

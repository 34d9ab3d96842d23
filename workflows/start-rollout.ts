/**
 * startRollout: the door for people (Temporal UI, CLI) and events. It loads the config, reads the records of all clusters,
 * makes the plan, and starts `rollout` with it.
 * Guarantees: nothing is written before the whole plan is checked; `rollout` is an abandoned child, so closing the door
 * never touches traffic; its id is the lock, so a second start on the same part is refused; a dry run starts nothing.
 * Timers: none. Messages: none; the answer is the workflow's result, and a refusal is its failure.
 */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  log,
  ParentClosePolicy,
  patched,
  proxyActivities,
  startChild,
} from '@temporalio/workflow';
import type { RolloutActivities } from '../core/contract/activities.ts';
import type { LoadedConfig } from '../core/config/types.ts';
import { idScheme, installation } from './installation.ts';
import type { QueuedResult, StartRolloutInput, StartRolloutResult } from '../core/contract/messages.ts';
import { taskQueue } from '../core/contract/queues.ts';
import { rolloutWorkflowId } from '../core/contract/workflow-ids.ts';
import { named } from '../core/kube/cluster-ref.ts';
import { changeKinds, isWayBack, leftOut, partOfChange, type Change } from '../core/rollout/change.ts';
import { forecastSteps, forecastWarnings } from '../core/rollout/plan/forecast.ts';
import { pastEnvoyNotes } from '../core/rollout/plan/past-envoy.ts';
import { serviceRef } from '../core/rollout/plan/frame.ts';
import { planChange } from '../core/rollout/plan/plan-change.ts';
import type { Plan } from '../core/rollout/plan/plan.ts';
import { startRefused } from '../core/rollout/outcome.ts';
import { runningStrata } from '../core/rollout/plan/strata.ts';
import { runningText, watchHint, type RunningRollout } from '../core/rollout/running.ts';
import { topologies, type PlanInput } from '../core/rollout/plan/versions.ts';
import { parts } from '../core/routing/part.ts';
import { planDetails, planSummary } from '../core/view/temporal-details.ts';
import { activityOptions, noPlan } from './activity-options.ts';
import { asAnswer, isAnswer, toWorkflowFailure } from './failures.ts';
import { heldUp, isHeldUp, refuseRule, waitForTurn, waitsForTurn } from './next/door.ts';
import { readClusters } from './read-clusters.ts';
import { plannedWrites } from './rollout/planned-writes.ts';
import { withReportedVersions } from './reported-versions.ts';
import { rollout } from './rollout.ts';
import { hearersOfEnd, tellEnd } from './run-ended.ts';
import { tracedMemo } from './told/trace.ts';
import { refuseGlass, withWindows } from './start-windows.ts';
import { runningBeside, runningRollout } from './running-rollout.ts';
import { TidegateError } from '../core/values/error.ts';
import { present } from '../core/values/json.ts';
import { WHOLE } from '../core/values/share.ts';

const options = activityOptions(noPlan, installation());
const { loadConfig } = proxyActivities<RolloutActivities>({
  ...options.loadConfig,
  summary: 'load and check the config',
});
const { listSinks } = proxyActivities<RolloutActivities>({
  ...options.listSinks,
  summary: 'who hears of the refusal?',
});
const { probeSlos } = proxyActivities<RolloutActivities>({
  ...options.probeSlos,
  summary: 'can every SLO be evaluated?',
});

const { dryRunWrites } = proxyActivities<RolloutActivities>({
  ...options.dryRunWrites,
  summary: 'would the cluster take every object?',
});

const { measureTraffic } = proxyActivities<RolloutActivities>({
  ...options.measureTraffic,
  summary: 'what can the bakes show at this traffic?',
});

export async function startRollout(input: StartRolloutInput): Promise<StartRolloutResult | QueuedResult> {
  const opened: Opened = {};
  try {
    return await open(input, opened);
  } catch (error) {
    const failure = asAnswer(toWorkflowFailure(error));
    // The worker's log leaves out what the SDK says of this workflow's failures: refusals are most of them.
    // A plan that is refused ends no run.
    if (input?.dryRun !== true) await tellRefusal(input, opened, failure);
    if (!isAnswer(failure)) log.warn('the start of a change failed', { error: failure });
    throw failure;
  }
}

/** What is known of a start when it fails. */
interface Opened {
  config?: LoadedConfig;
}

async function tellRefusal(input: StartRolloutInput, { config }: Opened, failure: Error): Promise<void> {
  const asked = startRefused(input, whyOf(failure));
  const place = config === undefined ? { ...asked.service, installation: installation() } : serviceRef(config);
  const sinks = config === undefined ? await sinksInConfig() : config.sinks;
  await tellEnd({ ...asked, service: place }, hearersOfEnd(place, sinks));
}

/** Whom nobody could ask is nobody told: the answer goes to whoever has asked for the change. */
async function sinksInConfig(): Promise<readonly string[]> {
  // A start that was refused before there were sinks asked for none.
  if (!patched('tell-refusal')) return [];
  try {
    return await CancellationScope.nonCancellable(() => listSinks());
  } catch (error) {
    log.warn('the refusal is told to no sink', { error });
    return [];
  }
}

const whyOf = (failure: Error): Parameters<typeof startRefused>[1] => ({
  outcome: isAnswer(failure) ? 'refused' : 'failed',
  code: failure instanceof ApplicationFailure ? (failure.type ?? 'Bug') : '',
  reason: failure.message,
});

async function open(input: StartRolloutInput, opened: Opened): Promise<StartRolloutResult | QueuedResult> {
  checkInput(input);
  const { kind } = input.change;
  const config = await loadConfig({
    service: input.service,
    ...(isWayBack(kind) && { wayBack: kind }),
    ...present({ namespace: input.namespace, mesh: input.mesh }),
  });
  opened.config = config;
  const service = serviceRef(config);
  const part = partOfChange(input.change);
  const workflowId = rolloutWorkflowId(idScheme(service), { ...service, part });
  const running = await runningRollout({ ...service, part });
  const conflict = { config, part, running };
  const waits = waitsForTurn(input);
  if (running !== null && input.dryRun !== true && !waits) throw alreadyRunning(service.service, running, input.change);
  const held = await isHeldUp(input, conflict);
  if (held && !waits) throw heldUp(conflict);
  // Before the records are read: what such a run writes later is not in them. A restore asks nobody.
  const beside = kind === 'restore' ? undefined : await runningBeside(service, part);
  const without = leftOut(input.change);
  // Who is left out is not asked: an API server that hangs would hold up the start.
  const clusters = config.mesh.clusters.map(({ ref }) => named(ref)).filter(({ name }) => !without.includes(name));
  const read = await readClusters({ service, clusters });
  if (waits && (running !== null || held)) return waitForTurn(input, conflict, read);
  const planning = { config, read, change: input.change, ...present({ running: running ?? undefined, beside }) };
  const wanted = waits ? planOrNull(planning) : planChange(planning);
  if (wanted === null) return waitForTurn(input, conflict, read);
  await assertSlos(wanted);
  const planned = await withReportedVersions(wanted, input.change);
  // A start that was under way when these came goes on without them.
  const tried = patched('dry-run') ? await withDryRun(planned) : planned;
  const forecast = patched('forecast') ? await withForecast(tried) : tried;
  const plan = await withWindows(forecast, input, config);
  const topology = topologies(config, read.clusters);
  if (input.dryRun === true) return { workflowId: '', runId: '', plan, topology };
  const started = await start(workflowId, plan);
  if (started !== null) return { ...started, topology };
  // Somebody else was faster.
  if (waits) return waitForTurn(input, conflict, read);
  throw alreadyRunning(service.service, { workflowId, runId: '', status: null }, input.change);
}

/** null: what is half moved goes back first. */
function planOrNull(planning: PlanInput): Plan | null {
  try {
    return planChange(planning);
  } catch (error) {
    if (error instanceof TidegateError && error.code === 'HalfMoved') return null;
    throw error;
  }
}

function checkInput(input: StartRolloutInput): void {
  const refuse = (why: string): never => {
    throw ApplicationFailure.nonRetryable(
      `${why}. Example: {"service": "checkout", "change": {"kind": "deploy", "version": "v2", "image": "registry/checkout:v2"}}`,
      'Invalid',
    );
  };
  if (typeof input !== 'object' || input === null || typeof input.service !== 'string')
    refuse('the input needs a "service"');
  if (typeof input.change !== 'object' || !changeKinds.includes(input.change?.kind))
    refuse(`"change.kind" must be one of ${changeKinds.join(', ')}`);
  if (input.change.kind === 'deploy' && typeof input.change.version !== 'string')
    refuse('a deploy needs "change.version"');
  const rule = refuseRule(input);
  if (rule !== '') refuse(rule);
  const glass = refuseGlass(input);
  if (glass !== '') refuse(glass);
  const drain = refuseDrain(input.change);
  if (drain !== '') refuse(drain);
  const { without, part } = input.change as { without?: unknown; part?: unknown };
  if (part !== undefined && (input.change.kind !== 'restore' || !parts.some((one) => one === part)))
    refuse(`"change.part" is for a restore, and one of ${parts.join(', ')}`);
  if (without === undefined) return;
  if (!Array.isArray(without) || !without.every((name) => typeof name === 'string'))
    refuse('"change.without" is a list of names of clusters');
  if (input.change.kind === 'adopt' || input.change.kind === 'release')
    refuse(`"change.without" is for deploy, undo, topology and restore: ${input.change.kind} needs every cluster`);
}

/** '' = it names one cluster, or none. */
function refuseDrain(change: Change): string {
  const { drains, returns, drills, share } = change as Readonly<Record<string, unknown>>;
  const named = [drains, returns, drills].filter((name) => name !== undefined);
  if (share !== undefined && (drills === undefined || !isPart(share)))
    return `"change.share" is for a drill: a whole number of parts per million, from 1 to ${WHOLE}`;
  if (named.length === 0) return '';
  if (change.kind !== 'topology' || named.length > 1)
    return 'one of "change.drains", "change.returns" and "change.drills" is for a topology';
  return typeof named[0] === 'string'
    ? ''
    : '"change.drains", "change.returns" and "change.drills" are names of clusters';
}

const isPart = (share: unknown): boolean => Number.isInteger(share) && Number(share) >= 1 && Number(share) <= WHOLE;

async function assertSlos(plan: Plan): Promise<void> {
  const { metrics, service, slos, kind } = plan;
  if (metrics === null || isWayBack(kind)) return;
  const clusters = [...new Set(plan.waves.flatMap((wave) => wave.serving))];
  const missing = await probeSlos({ service, slos, clusters, ...(metrics.kind === 'otlp' && { received: true }) });
  if (missing.length === 0) return;
  throw ApplicationFailure.nonRetryable(
    `${kind} of ${service.namespace}/${service.service} refused, nothing was written: no verdict would be possible:\n- ${missing.join('\n- ')}`,
    'Invalid',
  );
}

/** Every object that the run will write, tried in its cluster. A way back is never held up by it. */
async function withDryRun(plan: Plan): Promise<Plan> {
  const { service, kind } = plan;
  if (kind === 'restore' || kind === 'release') return plan;
  // A start of an undo that was under way when it came to be left untried goes on as it began.
  if (kind === 'undo' && patched('undo-untried')) return plan;
  const answers = await Promise.all(plannedWrites(plan).map((writes) => dryRunWrites(writes)));
  const refused = answers.flatMap((one) => one.refused);
  const notes = answers.flatMap(({ untried }) => untried.map((why) => `not tried by a dry run: ${why}`));
  if (refused.length === 0) return notes.length === 0 ? plan : { ...plan, notes: [...plan.notes, ...notes] };
  throw ApplicationFailure.nonRetryable(
    `${kind} of ${service.namespace}/${service.service} refused, nothing was written: a dry run of it fails:\n- ${refused.join('\n- ')}`,
    'Invalid',
  );
}

async function withForecast(plan: Plan): Promise<Plan> {
  const { metrics, service, slos, judge, kind, waves } = plan;
  // An adoption has nothing to forecast yet; what its metrics lack is told all the same. Older starts did not ask.
  const isAdoption = kind === 'adopt' && patched('notes-of-metrics');
  if (metrics === null || (kind !== 'deploy' && !isAdoption)) return plan;
  const serving = [...new Set(waves.flatMap((wave) => wave.serving))];
  const measured = await measureTraffic({ service, slos, judge, strata: runningStrata(plan), serving });
  const noted = { ...plan, notes: [...plan.notes, ...(measured.notes ?? [])] };
  if (isAdoption) return noted;
  const { traffic, problem } = measured;
  if (problem !== '') return { ...noted, notes: [...noted.notes, `no forecast of the bakes: ${problem}`] };
  const forecasts = forecastSteps(plan, traffic);
  return {
    ...noted,
    forecasts,
    notes: [...noted.notes, ...forecastWarnings(plan, forecasts), ...pastEnvoyNotes(plan, traffic)],
  };
}

/** null: another run has the lock. */
async function start(workflowId: string, plan: Plan): Promise<Omit<StartRolloutResult, 'topology'> | null> {
  try {
    const child = await startChild(rollout, {
      workflowId,
      args: [{ plan }],
      taskQueue: taskQueue(installation(), 'control'),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      ...tracedMemo(),
      staticSummary: planSummary(plan),
      staticDetails: planDetails(plan),
    });
    return { workflowId, runId: child.firstExecutionRunId, plan };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}

function alreadyRunning(service: string, running: RunningRollout, change: Change): ApplicationFailure {
  const part = partOfChange(change);
  const wait = isWayBack(change.kind)
    ? ''
    : '; wait for its end: --on-conflict queue; take its place: --on-conflict supersede';
  return ApplicationFailure.nonRetryable(
    `a rollout of this service is running, and one change at a time moves ${part === 'versions' ? 'it' : `its ${part}`}: ${runningText(running)} (${watchHint(service, part)}${wait})`,
    'Conflict',
  );
}

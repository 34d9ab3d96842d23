/** What all commands of one run share: its activities, what was written, the epoch, and the work under way. */
import {
  CancellationScope,
  log,
  patched,
  proxyActivities,
  workflowInfo,
  type ActivityInterfaceFor,
  type ActivityOptions,
} from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import { installation } from '../installation.ts';
import {
  combineResults,
  type VerifyMode,
  type VerifyRoutingResult,
  type VerifyTarget,
} from '../../core/judge/proof/proof.ts';
import { named, type ClusterRef } from '../../core/kube/cluster-ref.ts';
import type { Command, RolloutEvent } from '../../core/rollout/machine/state.ts';
import { atOnceOf, batchesOf } from '../../core/rollout/plan/fan-out.ts';
import { isAside } from '../../core/rollout/plan/open-routes.ts';
import type { Plan, PlannedWave } from '../../core/rollout/plan/plan.ts';
import { waveAt } from '../../core/rollout/plan/planned-at.ts';
import type { Writer } from '../../core/routing/changes.ts';
import { partField, partOf, type Part } from '../../core/routing/part.ts';
import type { Absence } from '../../core/routing/record.ts';
import { summaryText } from '../../core/view/temporal-limits.ts';
import { activityOptions } from '../activity-options.ts';
import { describeFailure } from '../failures.ts';
import { refIn } from './planned-writes.ts';
import { startGuard } from './run-guard.ts';

/** An event before it is stamped with the time. */
export type Message = RolloutEvent extends infer E ? (E extends { atMs: number } ? Omit<E, 'atMs'> : never) : never;

/** What a client cluster was asked for last. */
export type Written = Omit<VerifyTarget, 'cluster'>;

/** Handlers of some commands, by type. */
export type Handlers<T extends Command['type']> = {
  readonly [K in T]: (command: Extract<Command, { type: K }>) => void;
};

/** Time in which a step, an entry or a restore must be proven by the traffic, ms. */
const VERIFY_MS = 30_000;

/** … and one attempt of a proof that is waited for, ms; attempts add no events. */
const HELD_ATTEMPT_MS = 240_000;

export interface RunContext {
  readonly plan: Plan;
  readonly run: string;
  readonly emit: (message: Message) => void;
  /** Forward work: cancelled when the way back begins. Replaced by a new one then. */
  forward: CancellationScope;
  /** Run id that the last result named; '' before the first. */
  ranAs: string;
  /** Fences our own late forward writes: raised when the way back begins. */
  epoch: number;
  readonly written: Map<string, Written>;
  /** Per cluster: digest of the pod template that was made ready there. */
  readonly builds: Map<string, string>;
  /** Per serving cluster: when its present share was written, ms since the epoch. */
  readonly sinceMs: Record<string, number>;
  readonly underWay: Set<Promise<void>>;
  /** Writes of many clusters that are under way: which of them are written is known when they end. Never reject. */
  readonly batches: Set<Promise<void>>;
  /** What a reset run takes back before it writes anything else. */
  takenBack: Promise<void>;
  /** Serving clusters whose pods rise with the traffic, as far as forward work is not cancelled. */
  readonly holding: Set<string>;
  /** Clusters that the run goes on without: left out by the plan, or given up. */
  readonly absent: Map<string, Absence>;
}

export const createContext = (plan: Plan, emit: RunContext['emit']): RunContext => ({
  plan,
  run: workflowInfo().runId,
  emit,
  forward: new CancellationScope(),
  ranAs: '',
  epoch: plan.epoch,
  written: new Map(),
  builds: new Map(),
  sinceMs: {},
  underWay: new Set(),
  batches: new Set(),
  takenBack: Promise.resolve(),
  holding: new Set(),
  absent: new Map(Object.entries(plan.absent ?? {}).map(([name, reason]) => [name, { atMs: startedAtMs(), reason }])),
});

const startedAtMs = (): number => workflowInfo().startTime.getTime();

/** The clusters that it goes on without, for records to name. */
export const absentIn = ({ absent }: RunContext): Readonly<Record<string, Absence>> => Object.fromEntries(absent);

/** Where the table's bounds of an activity do not fit. */
export type Bounds = Pick<
  ActivityOptions,
  'scheduleToCloseTimeout' | 'startToCloseTimeout' | 'heartbeatTimeout' | 'cancellationType'
>;

/** The activities of a run; `summary` is what the Temporal UI shows. The way back does not wait for cancelled ones. */
export const activitiesOf = (
  { plan }: RunContext,
  name: keyof RolloutActivities,
  summary: string,
  bounds: Bounds = {},
): ActivityInterfaceFor<RolloutActivities> =>
  proxyActivities<RolloutActivities>({
    ...activityOptions(plan, installation())[name],
    cancellationType: 'TRY_CANCEL',
    ...bounds,
    summary: summaryText(summary),
  });

/** Keeps work in sight until it ends. */
export function track(context: RunContext, work: Promise<void>): void {
  const seen = work.finally(() => context.underWay.delete(seen));
  context.underWay.add(seen);
}

/**
 * Results name the run that they were made for. Another one than before: this run was reset, and the guard of its former
 * self does not hear of its end. (The workflow itself must not look at its run id: histories are replayed under another one.)
 */
export function heardAs(context: RunContext, by: string | undefined): void {
  if (by === undefined) return;
  const before = context.ranAs;
  context.ranAs = by;
  if (before === '' || before === by) return;
  track(context, startGuard(context.plan));
  // A reset run that was under way when this came goes on as it was.
  if (patched('take-back')) context.emit({ type: 'wasReset' });
}

/** Names the run, then starts its guard: from then on a result that names another run tells of a reset. */
export async function guardRun(context: RunContext): Promise<void> {
  if (patched('named-run')) {
    const { nameRun } = activitiesOf(context, 'nameRun', 'which run is this?');
    try {
      const { runId, wasReset } = await nameRun();
      context.ranAs = runId;
      // Reset to its first task, before anything told: what its former self has moved is found in the clusters.
      if (wasReset) context.emit({ type: 'wasReset' });
    } catch (error) {
      log.warn('the run does not know its name, and learns it by its first result', { error });
    }
  }
  await startGuard(context.plan);
}

/** Starts work in a scope and reports its failure under `seq`. */
export function start(context: RunContext, scope: CancellationScope, seq: number, work: () => Promise<void>): void {
  const reported = scope.run(work).catch((error: unknown) => {
    const { code, message } = describeFailure(error);
    context.emit({ type: 'failed', seq, reason: message, code });
  });
  track(context, reported);
}

/** Does work for everyone to its end: a failure never leaves siblings unseen; the first one is thrown then. */
export async function forEach<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const ends = await Promise.allSettled(all.map(work));
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}

/**
 * Forward work for every cluster: the first failure is thrown as it happens, for callers of the others wait for the way
 * back. What is under way elsewhere is kept in sight to its end. Runs of older plans hear of it when all have ended.
 */
export async function forEachForward<T>(
  context: RunContext,
  all: readonly T[],
  work: (one: T) => Promise<void>,
): Promise<void> {
  if (context.plan.withoutGap === undefined) return forEach(all, work);
  const works = all.map(work);
  track(
    context,
    Promise.allSettled(works).then(() => undefined),
  );
  await Promise.all(works);
}

/** Keeps what a client cluster was asked for, beside what it was asked for before. */
export function remember({ written }: RunContext, cluster: string, write: Omit<Written, 'before'>): void {
  const { weights, writtenAtMs, withdrawn } = write;
  const last = written.get(cluster);
  const before = last === undefined ? {} : { before: { weights: last.weights, writtenAtMs: last.writtenAtMs } };
  written.set(cluster, { weights, writtenAtMs, withdrawn, ...before });
}

export interface Verifying {
  readonly mode: VerifyMode;
  readonly summary: string;
  readonly by?: 'verifyRouting' | 'verifyRestored';
  /** Nothing goes on before there is an answer that tells. */
  readonly untilTested?: true;
}

/** Has what was written proven by the traffic of these client clusters. */
export async function verify(
  context: RunContext,
  clusters: readonly string[],
  { mode, summary, by = 'verifyRouting', untilTested }: Verifying,
): Promise<VerifyRoutingResult> {
  const { service, metrics } = context.plan;
  const targets = clusters.flatMap((cluster) => {
    const last = context.written.get(cluster);
    return last === undefined ? [] : [{ cluster: refOf(context, cluster), ...last }];
  });
  const received = metrics?.kind === 'otlp' ? ({ received: true } as const) : {};
  const aside = mode === 'forward' && isAside(context.plan) ? ({ aside: true } as const) : {};
  const input = { service, mode, timeoutMs: VERIFY_MS, ...received, ...aside };
  const patient = untilTested && { untilTested, timeoutMs: HELD_ATTEMPT_MS };
  const bounds: Bounds = untilTested === undefined ? {} : { scheduleToCloseTimeout: '90 days' };
  const ask = (some: readonly VerifyTarget[]): Promise<VerifyRoutingResult> =>
    activitiesOf(context, by, summary, bounds)[by]({ ...input, ...patient, targets: some });
  if (atOnceOf(context.plan) === undefined || targets.length < 2) return ask(targets);
  return combineResults(await Promise.all(batchesOf(targets, weightsIn).map(ask)));
}

const weightsIn = ({ weights, before }: VerifyTarget): number =>
  Object.keys(weights).length + Object.keys(before?.weights ?? {}).length;

/** As whom the command `seq` writes to a client cluster: no later command of the run is overrun, and nobody else. */
export function writerOf({ plan, run, epoch }: RunContext, cluster: string, seq: number): Writer {
  if (plan.owners === undefined) return { epoch, run };
  const replaces = Object.hasOwn(plan.owners, cluster) ? plan.owners[cluster] : undefined;
  return { epoch, run, turn: seq, replaces: replaces ?? null };
}

/** The part that is written. */
export const ofPart = (plan: Plan): { readonly part?: Part } => partField(partOf(plan));

export const refOf = ({ plan }: RunContext, cluster: string): ClusterRef => named(refIn(plan, cluster));

export const waveOf = ({ plan }: RunContext, index: number): PlannedWave => waveAt(plan, index);

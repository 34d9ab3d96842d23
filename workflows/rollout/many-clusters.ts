/**
 * One write in every cluster of a list: by an activity each, or by activities for up to 50 of them where the plan says how
 * many are written at a time. What is asked for each cluster, and what the run hears of it, is the same.
 */
import { CancellationScope } from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import {
  endsAtFailure,
  type ClusterWrite,
  type WriteClustersResult,
  type WrittenCluster,
} from '../../core/contract/many-clusters.ts';
import { batchesOf, calledCounts } from '../../core/rollout/plan/fan-out.ts';
import { present, recordOf } from '../../core/values/json.ts';
import { packed } from '../../core/values/packed.ts';
import { withinMsOf } from '../activity-options.ts';
import { activitiesOf, forEach, forEachForward, heardAs, type RunContext } from './run-context.ts';

type InputOf<W extends ClusterWrite> = Parameters<RolloutActivities[W]>[0];

export interface Writing<W extends ClusterWrite> {
  readonly write: W;
  readonly inputs: readonly InputOf<W>[];
  /** Clusters that are written at the same time; undefined: all, by an activity each. */
  readonly atOnce: number | undefined;
  /** What the Temporal UI shows, after the names of clusters. */
  readonly summary: string;
  /** A bound of its own for each cluster, ms. */
  readonly withinMs?: number;
  /** Hears that the first may be written from now on: which of a batch are written is known when it ends. */
  readonly begun?: () => void;
  /** Hears of every cluster, once it is written. */
  readonly told?: (one: WrittenCluster) => void;
}

export async function writeEach<W extends ClusterWrite>(context: RunContext, writing: Writing<W>): Promise<void> {
  const { write, inputs, atOnce, told } = writing;
  if (atOnce === undefined) {
    await inEach(context, { write, all: inputs }, async (input) => {
      const name = input.cluster.name;
      const ask = (one: InputOf<W>): Promise<Answer> => askOne(context, writing, one);
      const answer = await untilTold(context, { input, ask });
      told?.({ ...answer, cluster: name });
    });
    return;
  }
  const counts = calledCounts(context.plan);
  // Of two versions each.
  const weights = ({ cluster }: InputOf<W>): number => 2 * (counts[cluster.name] ?? 0);
  const batches = batchesOf(inputs, write === 'applyRouting' ? weights : () => 0);
  const lanes = Math.min(batches.length, atOnce);
  await inLanes(context, { write, batches, lanes }, async (batch) => {
    writing.begun?.();
    const work = writeBatch(context, { ...writing, inputs: batch, atOnce: Math.floor(atOnce / lanes) });
    const ended = work.then(noOne, noOne).finally(() => context.batches.delete(ended));
    context.batches.add(ended);
    await work;
  });
}

const noOne = (): void => undefined;

/** What answers of both kinds may say of the run. */
type Answer = Omit<Partial<WrittenCluster>, 'cluster'> & Pick<WriteClustersResult, 'by' | 'resetTo'>;

async function askOne<W extends ClusterWrite>(
  context: RunContext,
  { write, summary, withinMs }: Writing<W>,
  input: InputOf<W>,
): Promise<Answer> {
  const bounds = present({ scheduleToCloseTimeout: withinMs });
  const activities = activitiesOf(context, write, `${input.cluster.name}: ${summary}`, bounds);
  return recordOf(await (activities[write] as (one: InputOf<W>) => Promise<unknown>)(input));
}

async function writeBatch<W extends ClusterWrite>(
  context: RunContext,
  { write, inputs, atOnce, told, summary, withinMs = withinMsOf(context.plan)[write] }: Writing<W> & { atOnce: number },
): Promise<void> {
  const first = inputs[0]?.cluster.name ?? '';
  const others = inputs.length === 1 ? '' : ` and ${String(inputs.length - 1)} more`;
  const rounds = Math.ceil(inputs.length / atOnce);
  // A worker that dies has the clusters begun anew, each with its own time.
  const bound = (rounds + 1) * withinMs;
  const { writeClusters } = activitiesOf(context, 'writeClusters', `${first}${others}: ${summary}`, {
    startToCloseTimeout: bound,
    scheduleToCloseTimeout: bound,
    // A way back may wait for its end: see way-back-commands.ts.
    cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  });
  const ask = (all: readonly InputOf<W>[]): Promise<WriteClustersResult> =>
    writeClusters({ write, inputs: packed(all), atOnce, withinMs });
  const { each } = await untilTold(context, { input: inputs, ask });
  for (const one of each) told?.(one);
}

interface Asking<I, A> {
  readonly input: I;
  readonly ask: (input: I) => Promise<A>;
}

/**
 * Only `prepareVersion` asks as whom it is known: one that was under way when the run was reset is asked again. It has told
 * at once, and not when the pods are ready.
 */
async function untilTold<I, A extends Pick<WriteClustersResult, 'by' | 'resetTo'>>(
  context: RunContext,
  { input, ask }: Asking<I, A>,
): Promise<A> {
  let answer = await ask(input);
  while (answer.resetTo !== undefined) {
    const { resetTo } = answer;
    heardAs(context, resetTo);
    answer = await ask(asKnown(input, resetTo));
  }
  heardAs(context, answer.by);
  return answer;
}

const asKnown = <I>(input: I, ranAs: string): I =>
  (Array.isArray(input) ? input.map((one: object) => ({ ...one, ranAs })) : { ...input, ranAs }) as I;

interface Lanes<T> {
  readonly write: ClusterWrite;
  readonly batches: readonly T[];
  readonly lanes: number;
}

/** The next batch begins where one has ended. Of a step none begins once one has failed, and those under way end. */
async function inLanes<T>(
  context: RunContext,
  { write, batches, lanes }: Lanes<T>,
  work: (batch: T) => Promise<void>,
): Promise<void> {
  const left = [...batches];
  const scope = new CancellationScope();
  const failed: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (let batch = left.shift(); batch !== undefined; batch = left.shift()) {
      const one = batch;
      try {
        await scope.run(() => work(one));
      } catch (error) {
        failed.push(error);
        if (!endsAtFailure(write)) continue;
        left.length = 0;
        scope.cancel();
        throw error;
      }
    }
  };
  await inEach(context, { write, all: Array.from({ length: lanes }) }, lane);
  if (failed.length > 0) throw failed[0];
}

const inEach = <T>(
  context: RunContext,
  { write, all }: { readonly write: ClusterWrite; readonly all: readonly T[] },
  work: (one: T) => Promise<void>,
): Promise<void> => (endsAtFailure(write) ? forEachForward(context, all, work) : forEach(all, work));

/**
 * One write in many clusters. Each cluster is written by itself, as the activity of that write does it: it is tried again
 * by itself, gives its place to others meanwhile, and is named by itself when it fails. Of a step no further one is begun
 * once one has failed for good; a commit and a release go on in all others. Repeating the whole is harmless: a cluster that has it already is left as it is.
 */
import type { RolloutActivities, WriteClustersInput } from '../../../core/contract/activities.ts';
import {
  endsAtFailure,
  type ClusterWrite,
  type WriteClustersResult,
  type WrittenCluster,
} from '../../../core/contract/many-clusters.ts';
import { beatEveryMs } from '../../../core/contract/timeouts.ts';
import { failureTypes, refuse, TidegateError } from '../../../core/values/error.ts';
import { unpacked } from '../../../core/values/packed.ts';
import type { KubeDeps } from '../../ports.ts';
import { createTurns, type Turns } from './turns.ts';

type Input<W extends ClusterWrite = ClusterWrite> = Parameters<RolloutActivities[W]>[0];
type Told = Omit<WrittenCluster, 'cluster'>;

/** The writes themselves, and what a run is told of each. */
export type Writes = { readonly [W in ClusterWrite]: (deps: KubeDeps, input: Input<W>) => Promise<Told> };

/** Between two attempts in one cluster, ms: doubled each time. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;
/** Clusters that a heartbeat or a failure names; the rest is counted. */
const NAMED = 5;

/** What all clusters of one call share. */
interface Round {
  readonly deps: KubeDeps;
  readonly turns: Turns;
  readonly withinMs: number;
  readonly work: (deps: KubeDeps, input: Input) => Promise<Told>;
  /** Ends what is under way in a step, once one has failed for good. */
  readonly stop: AbortController;
  readonly isStep: boolean;
  readonly failed: TidegateError[];
  /** Per cluster that was begun and is not written yet: how far it is. */
  readonly open: Map<string, unknown>;
}

export async function writeClusters(
  deps: KubeDeps,
  writes: Writes,
  { write, inputs, atOnce, withinMs }: WriteClustersInput,
): Promise<WriteClustersResult> {
  const { activity } = deps;
  const all = unpacked<Input>(inputs);
  const by = activity.runId() ?? '';
  const ranAs = all.map((input) => ('ranAs' in input ? input.ranAs : undefined)).find((run) => run !== undefined);
  if (ranAs !== undefined && ranAs !== by) return { each: [], resetTo: by };
  const round: Round = {
    ...{
      deps,
      withinMs,
      turns: createTurns(atOnce),
      stop: new AbortController(),
      isStep: endsAtFailure(write),
      failed: [],
      open: new Map(),
    },
    work: writes[write] as Round['work'],
  };
  let done = 0;
  const beat = setInterval(
    () =>
      activity.heartbeat({ write, done, of: all.length, open: Object.fromEntries([...round.open].slice(0, NAMED)) }),
    beatEveryMs('writeClusters'),
  );
  const ends = await Promise.allSettled(
    all.map(async (input) => {
      const written = await writeOne(round, input);
      done += 1;
      return written;
    }),
  );
  clearInterval(beat);
  const each = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
  if (each.length === all.length) return { each, ...(by !== '' && { by }) };
  activity.signal().throwIfAborted();
  throw combined(round.failed, all.length);
}

async function writeOne(round: Round, input: Input): Promise<WrittenCluster> {
  const { deps, turns, stop, withinMs } = round;
  const { clock } = deps;
  const { name } = input.cluster;
  const signal = AbortSignal.any([deps.activity.signal(), stop.signal]);
  let begunMs = 0;
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    const attempt = async (): Promise<Told | TidegateError> => {
      signal.throwIfAborted();
      begunMs ||= clock.nowMs();
      const activity = {
        ...deps.activity,
        signal: () => signal,
        scheduledAtMs: () => begunMs,
        heartbeat: (progress: unknown) => void round.open.set(name, progress),
      };
      round.open.set(name, 'begun');
      return failureOr(round.work({ ...deps, activity }, input), signal);
    };
    const told = await turns.take(attempt);
    if (!(told instanceof TidegateError)) {
      round.open.delete(name);
      return { cluster: name, ...told };
    }
    round.open.set(name, told.message);
    const left = begunMs + withinMs - clock.nowMs();
    if (!failureTypes[told.code].retry || left <= 0) fail(round, { cluster: name, error: told });
    await clock.sleep(Math.min(left, Math.max(waitMs, told.retryAfterMs ?? 0)), signal);
  }
}

/** What passes by itself, or is told to people, is an answer; everything else is thrown. */
async function failureOr(work: Promise<Told>, signal: AbortSignal): Promise<Told | TidegateError> {
  try {
    return await work;
  } catch (error) {
    // What was stopped says nothing of the cluster.
    signal.throwIfAborted();
    if (error instanceof TidegateError) return error;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return new TidegateError('Bug', `bug in an activity: ${text}`, { cause: error });
  }
}

function fail(
  { failed, stop, isStep, withinMs }: Round,
  { cluster, error }: { cluster: string; error: TidegateError },
): never {
  const known = failureTypes[error.code].retry
    ? new TidegateError(
        'DeadlineExceeded',
        `${cluster} did not take the write in ${String(Math.round(withinMs / 1000))} s; last: ${error.message}`,
        { fix: error.fix, cause: error },
      )
    : error;
  failed.push(known);
  if (isStep) stop.abort(known);
  throw known;
}

/** All that failed by themselves, in one failure. */
function combined(failed: readonly TidegateError[], of: number): TidegateError {
  const [first, ...others] = failed;
  if (first === undefined) refuse('Bug', 'a write in many clusters ended without a reason', 'report it');
  if (others.length === 0) return first;
  const named = failed.slice(0, NAMED).map(({ message }) => message);
  const more = failed.length > NAMED ? `; and ${String(failed.length - NAMED)} more` : '';
  const text = `${String(failed.length)} of ${String(of)} clusters: ${named.join('; ')}${more}`;
  return new TidegateError(first.code, text, { fix: first.fix });
}

/**
 * How runs end, in one shape: whatever tells of an end is made of it. A rollout tells its own end in the task that closes
 * it; one that Temporal has closed (terminated, timed out, deleted) is told of by its guard. So an end is told at least
 * once, and as often as a task is taken back: `id` is the same each time.
 */
import { partOf, parts, type Part } from '../routing/part.ts';
import { changeKinds, type Change } from './change.ts';
import type { Outcome, RolloutState } from './machine/state.ts';
import type { RunningStatus } from './running.ts';
import type { Plan } from './plan/plan.ts';

/**
 * refused: a start that was answered with a refusal; nothing was written. failed: a start, or a settler, that met a fault.
 * terminated: Temporal closed the run, so that it said nothing; what it had moved the settler puts back. settled, owned and
 * paused: a settler has nothing left to do, leaves it to a run, or keeps its hands off. cancelled: a settler was stopped.
 */
export type RunOutcome = Outcome | 'refused' | 'failed' | 'terminated' | 'settled' | 'owned' | 'paused' | 'cancelled';

/** The end of a run, but for what Temporal knows of it. */
export interface Ended {
  /** '' = a start that named no kind that there is. */
  readonly kind: Change['kind'] | 'settle' | '';
  /** mesh and namespace are '' where a start was refused before they were known. */
  readonly service: { readonly mesh: string; readonly namespace: string; readonly service: string };
  readonly part: Part;
  /** Version, or in words what moves; '' = none is named. */
  readonly version: string;
  readonly outcome: RunOutcome;
  /** What ended the way forward. */
  readonly cause: RolloutState['cause'];
  /** Code of the failure; '' = none. */
  readonly code: string;
  /** One sentence. */
  readonly reason: string;
  /** Serving clusters that it was about. */
  readonly clusters: readonly string[];
  /** Those of them that went back alone. */
  readonly takenBack: readonly string[];
  /** Clusters that it ended without. */
  readonly absent: readonly string[];
  /** Where it was, from 1; 0 = it had come to none. */
  readonly wave: number;
  readonly step: number;
  /** Waves of its plan; 0 = none was made, or nobody can say. */
  readonly waves: number;
}

export interface RunEnd extends Ended {
  /** `<workflow id>/<run id>`. */
  readonly id: string;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
}

/** By this message the line of an end is found in a log. */
export const runEnded = 'run ended';

/** What a guard knows of its run from the start, should that say nothing of its end. */
export interface GuardedRun extends Pick<Ended, 'part' | 'version' | 'clusters'> {
  readonly kind: Change['kind'];
  readonly startedAtMs: number;
  /** Who hears of its end. Absent: there is no sink, or an older worker's run. */
  readonly tells?: { readonly sinks: readonly string[]; readonly epoch: number; readonly traceparent: string };
}

/** How Temporal closed a run. */
export interface RunClose {
  readonly as: 'running' | 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed_out' | 'deleted';
  /** ms since the epoch; 0 = unknown. */
  readonly atMs: number;
  /** Its last word; null = nobody could say. */
  readonly said:
    | (Pick<RunningStatus, 'outcome' | 'phase' | 'reason'> &
        Partial<Pick<RunningStatus, 'wave' | 'waves' | 'step' | 'steps' | 'since' | 'cause'>>)
    | null;
}

/** Of a drill: it has gone back as it was meant to. */
export const hasHeld = ({ outcome, cause }: { readonly outcome: string; readonly cause: string }): boolean =>
  outcome === 'restored' && cause === 'drilled';

const nothingElse = {
  cause: 'none',
  code: '',
  clusters: [],
  takenBack: [],
  absent: [],
  wave: 0,
  step: 0,
  waves: 0,
} as const;

export const servingOf = ({ waves }: Plan): string[] => [...new Set(waves.flatMap(({ serving }) => serving))];

/** Of a rollout that has come to its outcome. */
export const rolloutEnded = (plan: Plan, state: RolloutState): Ended => ({
  kind: plan.kind,
  service: plan.service,
  part: partOf(plan),
  version: plan.version,
  outcome: state.outcome ?? 'unproven',
  cause: state.cause,
  code: state.code,
  reason: state.reason,
  clusters: servingOf(plan),
  takenBack: state.takenBack,
  absent: Object.keys(state.absent),
  ...(plan.waves.length === 0 ? { wave: 0, step: 0 } : { wave: state.wave + 1, step: state.step + 1 }),
  waves: plan.waves.length,
});

/** Of a service whose calls have left a lost cluster. `clusters` answer them instead. */
export const failedOverEnded = (
  service: Ended['service'],
  { lost, reason, clusters }: { readonly lost: string; readonly reason: string; readonly clusters: readonly string[] },
): Ended => ({
  ...{ ...nothingElse, kind: 'topology', part: 'topology', outcome: 'promoted', service, reason, clusters },
  ...{ version: `${lost} lost`, absent: [lost] },
});

/** Of a run that a fault of the program has ended: its own guard takes it for one that has told its end. */
export const bugEnded = (plan: Plan, reason: string): Ended => ({
  ...{ ...nothingElse, cause: 'error', code: 'Bug', outcome: 'failed', reason, waves: plan.waves.length },
  ...{ kind: plan.kind, service: plan.service, part: partOf(plan), version: plan.version, clusters: servingOf(plan) },
});

/** Of a run that Temporal closed; null: it runs, or has told its end itself. */
export function cutRunEnded(run: GuardedRun & Pick<Ended, 'service'>, close: RunClose): Ended | null {
  if (close.as !== 'terminated' && close.as !== 'timed_out' && close.as !== 'deleted') return null;
  const { kind, part, version, clusters, service } = run;
  const how = `it was ${close.as === 'timed_out' ? 'ended by a timeout' : close.as}`;
  const { said } = close;
  const { wave = 0, step = 0, waves = 0 } = said ?? {};
  const told = { ...nothingElse, kind, service, part, version, clusters, wave, step: Math.max(step, 0), waves };
  // It had come to its end, and was closed before it could say so.
  if (said !== null && said.outcome !== null)
    return { ...told, outcome: said.outcome, reason: `${said.reason}; ${how} then` };
  const last = said === null ? '' : ` while ${said.phase} (${said.reason})`;
  return { ...told, outcome: 'terminated', reason: `${how}${last}; the settler puts back what it had moved` };
}

/** Of a start that became no rollout. What was asked for is as a person wrote it. */
export function startRefused(
  asked: unknown,
  why: { readonly outcome: 'refused' | 'failed'; readonly code: string; readonly reason: string },
): Ended {
  const { mesh, namespace, service, change } = fieldsOf(asked);
  const { kind, part, version } = fieldsOf(change);
  const known = changeKinds.find((one) => one === kind) ?? '';
  return {
    ...{ ...nothingElse, ...why, cause: 'error', kind: known, version: textOf(version) },
    service: { mesh: textOf(mesh), namespace: textOf(namespace), service: textOf(service) },
    part: known === 'topology' ? 'topology' : (parts.find((one) => one === part) ?? 'versions'),
  };
}

const fieldsOf = (of: unknown): Readonly<Record<string, unknown>> =>
  typeof of === 'object' && of !== null ? (of as Readonly<Record<string, unknown>>) : {};

const textOf = (of: unknown): string => (typeof of === 'string' ? of : '');

/** Of a settler. */
export const settlerEnded = (
  service: Ended['service'],
  how: { readonly outcome: 'settled' | 'owned' | 'paused' | 'cancelled' | 'failed'; readonly reason: string },
): Ended => ({ ...nothingElse, ...how, kind: 'settle', service, part: 'versions', version: '' });

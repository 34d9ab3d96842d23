/**
 * The status of an object in a hub: whether it is right, and what its last rollouts have come to. Two writers, each of its
 * own facts (whoever reads the config, and the run), and one rule for `Ready`, which follows from both.
 */
import type { Part } from '../../routing/part.ts';
import { canonicalJson } from '../../values/canonical.ts';
import { instantText } from '../../values/instant.ts';
import { shortened } from '../../values/shortened.ts';
import { type ConfigProblem, formatProblem } from '../problem.ts';

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  /** One word. */
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
  /** RFC 3339. */
  readonly lastTransitionTime: string;
}

/** moving: on its way; restoring: on its way back; needs-person, gated, paused, frozen: it waits; ended: see the outcome. */
export type HubPhase = 'moving' | 'restoring' | 'needs-person' | 'gated' | 'paused' | 'frozen' | 'ended';

/** The last rollout of one part of a service's records. */
export interface HubRun {
  readonly part: Part;
  readonly kind: string;
  readonly version: string;
  readonly phase: HubPhase;
  /** Absent: it has not ended. */
  readonly outcome?: string;
  readonly reason: string;
  readonly workflowId: string;
  readonly runId: string;
  /** Of the event that told it, RFC 3339. */
  readonly at: string;
}

export interface HubStatus {
  /** Of the spec that was checked last. */
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
  /** Of the run that was told of last. */
  readonly phase?: HubPhase;
  /** Of the last run that has ended. */
  readonly lastOutcome?: string;
  /** One per part; of a Service. */
  readonly runs?: readonly HubRun[];
}

/** Characters of a condition's message. */
const MESSAGE_MAX = 2_000;

interface Checked {
  readonly generation: number;
  /** Empty: it is right. */
  readonly problems: readonly ConfigProblem[];
  readonly nowMs: number;
}

export function acceptedStatus(before: HubStatus, { generation, problems, nowMs }: Checked): HubStatus {
  const right = problems.length === 0;
  const accepted = {
    ...{ type: 'Accepted', status: right ? ('True' as const) : ('False' as const), observedGeneration: generation },
    reason: right ? 'Valid' : 'Invalid',
    message: right ? 'config is read from it' : shortened(problems.map(formatProblem).join('; '), MESSAGE_MAX),
  };
  const after = withCondition({ ...before, observedGeneration: generation }, accepted, nowMs);
  return withReady(after, nowMs);
}

const waiting: readonly HubPhase[] = ['needs-person', 'gated', 'paused', 'frozen'];

/** Of a service that has come to what was asked for. */
const good: readonly string[] = ['promoted', 'released'];

/** The status itself where the run says nothing new. An older event than what is there changes nothing. */
export function runStatus(before: HubStatus, run: HubRun): HubStatus {
  const { runs = [] } = before;
  const known = runs.find(({ part }) => part === run.part);
  if (known !== undefined && known.runId !== run.runId && known.at > run.at) return before;
  if (known?.runId === run.runId && (known.phase === run.phase || known.phase === 'ended')) return before;
  // A start that is refused takes nothing from the run that is in its way.
  if (run.outcome === 'refused' && known !== undefined && known.phase !== 'ended') return before;
  const others = runs.filter(({ part }) => part !== run.part);
  const busy = others.find(({ phase }) => phase !== 'ended');
  const after: HubStatus = {
    ...before,
    runs: [...others, run].toSorted((a, b) => (a.part < b.part ? -1 : 1)),
    phase: run.phase === 'ended' && busy !== undefined ? busy.phase : run.phase,
    ...(run.outcome !== undefined && { lastOutcome: run.outcome }),
  };
  return withReady(after, Date.parse(run.at));
}

/** `Ready` follows from what is there: an object that is wrong is not, and what moves is neither. */
function withReady(status: HubStatus, nowMs: number): HubStatus {
  const accepted = status.conditions?.find(({ type }) => type === 'Accepted');
  const of = readyOf(status, accepted);
  const generation = accepted?.observedGeneration;
  return withCondition(
    status,
    { type: 'Ready', ...of, ...(generation !== undefined && { observedGeneration: generation }) },
    nowMs,
  );
}

function readyOf(
  { phase, runs = [] }: HubStatus,
  accepted: Condition | undefined,
): Pick<Condition, 'status' | 'reason' | 'message'> {
  if (accepted?.status === 'False') return { status: 'False', reason: 'Invalid', message: accepted.message };
  const last = runs.toSorted((a, b) => (a.at < b.at ? 1 : -1)).find((run) => run.phase === phase);
  if (last === undefined)
    return { status: 'True', reason: 'Valid', message: 'config is read from it; no rollout has run yet' };
  const message = shortened(`${[last.kind, last.version].join(' ').trim()}: ${last.reason}`, MESSAGE_MAX);
  if (last.phase === 'moving' || last.phase === 'restoring')
    return { status: 'Unknown', reason: 'Progressing', message };
  if (waiting.includes(last.phase)) return { status: 'Unknown', reason: 'Waiting', message };
  const outcome = last.outcome ?? '';
  return { status: good.includes(outcome) ? 'True' : 'False', reason: wordOf(outcome), message };
}

/** `needs-operator` becomes `NeedsOperator`: a reason is one word. */
const wordOf = (outcome: string): string =>
  outcome
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join('') || 'Unknown';

/** Its time changes with its status only. Conditions of others stay. */
function withCondition(status: HubStatus, given: Omit<Condition, 'lastTransitionTime'>, nowMs: number): HubStatus {
  const { conditions = [] } = status;
  const known = conditions.find(({ type }) => type === given.type);
  const lastTransitionTime = known?.status === given.status ? known.lastTransitionTime : instantText(nowMs);
  const next = { ...given, lastTransitionTime };
  const others = conditions.filter(({ type }) => type !== given.type);
  return { ...status, conditions: [...others, next].toSorted((a, b) => (a.type < b.type ? -1 : 1)) };
}

export const isSameStatus = (some: HubStatus, other: HubStatus): boolean =>
  canonicalJson(some) === canonicalJson(other);

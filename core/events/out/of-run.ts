/** What is news between two states of a run, and what such news say. */
import { newsType, newsEvent, type NewsKind, type RunNews } from './news.ts';
import { isForward, isRestoring } from '../../rollout/machine/phases.ts';
import { initialState, type Phase, type RolloutState } from '../../rollout/machine/state.ts';
import { servingOf } from '../../rollout/outcome.ts';
import type { Plan } from '../../rollout/plan/plan.ts';
import { partOf } from '../../routing/part.ts';
import type { CloudEvent } from '../cloud-event.ts';

interface States {
  readonly before: RolloutState;
  readonly after: RolloutState;
}

/** In the order in which they are told. The end is none of them: it has a place of its own. */
export function newsOf(plan: Plan, states: States): NewsKind[] {
  const { before, after } = states;
  const is: Readonly<Record<Exclude<NewsKind, 'ended'>, boolean>> = {
    started: before === initialState,
    'wave-finished': hasFinishedWave(states),
    'wave-started': after.phase === 'preparing' && (before.phase !== 'preparing' || before.log.length === 0),
    step: before.phase === 'applying' && after.phase === 'verifying',
    breached: after.cause === 'breach' && before.cause !== 'breach',
    restoring: after.phase === 'restoring' && before.phase !== 'restoring' && after.cause !== 'breach',
    restored: isRestoring(before.phase) && !isRestoring(after.phase) && after.outcome !== 'unproven',
    held: after.phase === 'needs-person' && before.phase !== 'needs-person',
    gated: after.phase === 'gated' && before.phase !== 'gated',
    paused: after.paused && !before.paused,
    frozen: after.phase === 'frozen' && before.phase !== 'frozen',
    resumed: isGoingOn(states),
  };
  const told = Object.entries(is).filter(([, happened]) => happened);
  return told.map(([kind]) => kind as NewsKind).filter((kind) => kind !== 'wave-started' || plan.waves.length > 0);
}

const committing: readonly Phase[] = ['confirming', 'committing'];

const hasFinishedWave = ({ before, after }: States): boolean =>
  isForward(before.phase) &&
  (after.wave > before.wave || (committing.includes(after.phase) && !committing.includes(before.phase)));

const waiting: readonly Phase[] = ['gated', 'paused', 'needs-person'];

function isGoingOn({ before, after }: States): boolean {
  const goes = (isForward(after.phase) || committing.includes(after.phase)) && !waiting.includes(after.phase);
  return goes && (waiting.includes(before.phase) || (before.paused && !after.paused));
}

/** Told once in a run, or in a wave, whatever else is told meanwhile. */
const once: readonly NewsKind[] = ['started', 'wave-started', 'wave-finished', 'breached', 'restored', 'ended'];

export interface Telling {
  readonly workflowId: string;
  readonly runId: string;
  readonly traceparent: string;
  /** Of this event among those of the run, from 1: what happens twice at one step has two ids. */
  readonly count: number;
  readonly atMs: number;
}

export function runEvent(plan: Plan, kind: NewsKind, of: States & Telling): CloudEvent {
  const news = newsAt(plan, kind, of);
  const place = once.includes(kind) ? `${kind}/${news.wave}` : `${kind}/${news.wave}/${news.step}/${of.count}`;
  return newsEvent({ type: newsType(kind), atMs: of.atMs, at: place, news, traceparent: of.traceparent });
}

function newsAt(plan: Plan, kind: NewsKind, { before, after, workflowId, runId }: States & Telling): RunNews {
  const ofBefore = kind === 'wave-finished';
  const { wave, step } = ofBefore ? before : after;
  const planned = plan.waves[wave];
  const { installation, mesh, namespace, service } = plan.service;
  return {
    ...{ installation, mesh, namespace, service, part: partOf(plan), kind: plan.kind, version: plan.version },
    run: { workflowId, runId },
    clusters: clustersOf(plan, kind, ofBefore ? before : after),
    wave: kind === 'started' || planned === undefined ? 0 : wave + 1,
    waves: plan.waves.length,
    waveName: kind === 'started' ? '' : (planned?.name ?? ''),
    step: kind === 'started' ? 0 : step + 1,
    steps: planned?.steps.length ?? 0,
    shares: after.shares,
    verdict: verdictOf(kind, before),
    reason: reasonOf(plan, kind, after),
    outcome: '',
    ...{ cause: after.cause, code: after.code, absent: Object.keys(after.absent), moved: [] },
  };
}

/** What goes back is what had a share; where single clusters are taken back it is those. */
function clustersOf(plan: Plan, kind: NewsKind, { wave, takenBack, shares }: RolloutState): readonly string[] {
  if (kind === 'breached' || kind === 'restoring' || kind === 'restored') {
    const had = servingOf(plan).filter((name) => Object.hasOwn(shares, name));
    return takenBack.length > 0 ? takenBack : had.length > 0 ? had : servingOf(plan);
  }
  return kind === 'started' ? servingOf(plan) : (plan.waves[wave]?.serving ?? servingOf(plan));
}

/** Only what a watch has said: a step without a bake has no verdict. */
function verdictOf(kind: NewsKind, before: RolloutState): RunNews['verdict'] {
  if (kind === 'held') return 'unknown';
  if (kind === 'breached') return 'breach';
  return kind === 'gated' && before.phase === 'baking' ? 'healthy' : '';
}

function reasonOf(plan: Plan, kind: NewsKind, after: RolloutState): string {
  if (kind === 'started') return `${plan.kind} of ${plan.version} has started`;
  return kind === 'paused' && after.phase !== 'paused' ? (after.log.at(-1)?.text ?? after.reason) : after.reason;
}

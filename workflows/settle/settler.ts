/** One look of the settler: who owns the service, what is to be done, and doing what is due. */
import { isCancellation, log, patched, proxyActivities } from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import { idScheme, installation } from '../installation.ts';
import { findOpenRun } from '../running-rollout.ts';
import type {
  KnownService,
  RestoreMemory,
  SettleInput,
  SettleMemory,
  SettlePhase,
  SettleStatus,
} from '../../core/contract/messages.ts';
import { rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import { delayMs, isSpent, restoreDelayMs } from '../../core/rollout/settle-pace.ts';
import { isBesideRestores, isDue, needsOf, type Need } from '../../core/rollout/settled.ts';
import { partField, partOf, type Part } from '../../core/routing/part.ts';
import type { ServiceRef } from '../../core/routing/service-ref.ts';
import { present } from '../../core/values/json.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { describeFailure } from '../failures.ts';
import { doNeed, startRestore } from './settle-work.ts';

export interface Settler {
  /** ms until the next look; 0 = at once; null = nothing is left to do. */
  look(): Promise<number | null>;
  /** Somebody knows of news: what was put off is tried again soon. */
  woken(): void;
  status(): SettleStatus;
  memory(): SettleMemory;
  known(): KnownService | null;
}

const options = activityOptions(noPlan, installation());
const { findRun } = proxyActivities<RolloutActivities>({ ...options.findRun, summary: 'does a run own the service?' });
const { describeRun } = proxyActivities<RolloutActivities>({
  ...options.describeRun,
  summary: 'how did the last run end?',
});
const { loadConfig } = proxyActivities<RolloutActivities>({ ...options.loadConfig, summary: 'which clusters?' });
const { surveyService } = proxyActivities<RolloutActivities>({
  ...options.surveyService,
  summary: 'read the service in all clusters',
});

/** Lines of the log that are kept. */
const LOG_LINES = 50;

/** What a settler knows, from look to look. */
interface Settling {
  readonly service: ServiceRef;
  memory: SettleMemory;
  known: KnownService | null;
  looks: number;
  now: Pick<SettleStatus, 'phase' | 'reason' | 'needs'>;
}

const noRestore: RestoreMemory = { rounds: 0, restoreRun: '', restoreAfterMs: 0 };
const nothingDone: SettleMemory = { ...noRestore, idleLooks: 0, log: [] };

/** Each part has its own rounds: what is spent for one holds up no other. */
const restoresOf = (memory: SettleMemory, part: Part): RestoreMemory =>
  part === 'versions' ? memory : (memory.ofParts?.[part] ?? noRestore);

const withRestores = (memory: SettleMemory, part: Part, restores: RestoreMemory): SettleMemory =>
  part === 'versions' ? { ...memory, ...restores } : { ...memory, ofParts: { ...memory.ofParts, [part]: restores } };

export function createSettler({ service, known, carried }: SettleInput): Settler {
  const settling: Settling = {
    service,
    memory: carried ?? nothingDone,
    known,
    looks: 0,
    now: { phase: 'looking', reason: 'looking', needs: [] },
  };
  return {
    look: () => lookOrWait(settling),
    woken: () => void (settling.memory = { ...settling.memory, idleLooks: 0 }),
    status: () => ({ ...settling.now, looks: settling.looks, log: [...settling.memory.log] }),
    memory: () => settling.memory,
    known: () => settling.known,
  };
}

function say(settling: Settling, text: string): void {
  const { memory } = settling;
  settling.memory = { ...memory, log: [...memory.log.slice(1 - LOG_LINES), { atMs: Date.now(), text }] };
}

function rest(settling: Settling, phase: SettlePhase, reason: string, needs: readonly Need[] = []): void {
  settling.now = { phase, reason, needs };
}

/** Nothing could be done now: the next look, later each time. */
function later(settling: Settling): number {
  const idleLooks = settling.memory.idleLooks + 1;
  settling.memory = { ...settling.memory, idleLooks };
  return delayMs(idleLooks);
}

/** A look that fails (Temporal, config, queues that are full) is taken again later: the settler does not end before it has seen. */
async function lookOrWait(settling: Settling): Promise<number | null> {
  try {
    return await look(settling);
  } catch (error) {
    if (isCancellation(error)) throw error;
    rest(settling, 'waiting', `the look failed: ${describeFailure(error).message}`, settling.now.needs);
    return later(settling);
  }
}

async function look(settling: Settling): Promise<number | null> {
  const { service } = settling;
  settling.looks += 1;
  const moved = settledParts();
  const open = await openRuns(service, moved);
  const isOwn = ({ part, run }: OpenRun): boolean => run === restoresOf(settling.memory, part).restoreRun;
  const own = open.find(isOwn);
  const underWay: Tried[] =
    own === undefined ? [] : [{ phase: 'restoring', reason: `its restore is under way (${own.workflowId})` }];
  const mendsBeside = patched('mends-beside');
  const returning = mendsBeside ? open.filter(isOwn).map(({ part }) => part) : [];
  const owned = open.map(({ part }) => part).filter((part) => !returning.includes(part));
  const ids = open.map(({ workflowId }) => workflowId).join(', ');
  if (open.length === moved.length && owned.length > 0)
    return own === undefined ? leaveTo(settling, ids) : waitFor(settling, underWay, settling.now.needs);
  const unproven = await lastUnproven(
    settling,
    moved.filter((part) => open.every((run) => run.part !== part)),
  );
  const known = await knownService(settling);
  const { clusters, nowMs } = await surveyService({ service, clusters: known.clusters });
  const needs = withUnproven(
    needsOf({
      service: service.service,
      clusters,
      nowMs,
      warmMs: known.warmMs,
      ...{ owned, returning },
      drift: known.drift ?? 'repair',
    }),
    unproven,
  );
  const tries = [...underWay];
  for (const need of needs) if (need.kind === 'restore') tries.push(await putBack(settling, need, nowMs));
  if (tries.length > 0) {
    const inMs = waitFor(settling, tries, needs);
    return mendsBeside && (await mendBeside(settling, needs, known)) ? 0 : inMs;
  }
  // What is not half moved may be in its use.
  if (owned.length > 0) return leaveTo(settling, ids);
  settling.memory = { ...settling.memory, ...noRestore, ofParts: {} };
  if (needs.length > 0 && needs.every(({ kind }) => kind === 'paused')) {
    // Whoever ends the pause starts a settler again.
    rest(settling, 'paused', needs.map(({ reason }) => reason).join('; '), needs);
    return null;
  }
  if (needs.length > 0) return mend(settling, needs, { nowMs, known });
  rest(settling, 'settled', 'nothing is left to do');
  return null;
}

/** Parts that runs move. A settler that was under way when there came to be two knows of one. */
const settledParts = (): readonly Part[] => (patched('parts') ? ['versions', 'topology'] : ['versions']);

interface OpenRun {
  readonly part: Part;
  readonly workflowId: string;
  readonly run: string;
}

async function openRuns(service: ServiceRef, moved: readonly Part[]): Promise<OpenRun[]> {
  const asked = moved.map(async (part) => {
    const { workflowId, runId } = await findOpenRun(findRun, { ...service, part });
    return { part, workflowId, run: runId };
  });
  return (await Promise.all(asked)).filter(({ run }) => run !== '');
}

function leaveTo(settling: Settling, ids: string): null {
  rest(settling, 'owned', `a run owns it (${ids}); its guard comes again when that has ended`);
  return null;
}

/** Per part, why its last run ended unproven. Asked when it may have changed: at the first look, and after a restore of our own. */
async function lastUnproven({ looks, memory, service }: Settling, of: readonly Part[]): Promise<[Part, string][]> {
  const found: [Part, string][] = [];
  for (const part of of) {
    if (looks > 1 && restoresOf(memory, part).restoreRun === '') continue;
    const workflowId = rolloutWorkflowId(idScheme(service), { ...service, part });
    // The newest run: a person may have restored since.
    const last = await describeRun({ workflowId, runId: '' });
    if (last?.outcome === 'unproven') found.push([part, last.reason]);
  }
  return found;
}

/** Weights are as they should be, and yet an Envoy did otherwise: written and proven once more. */
function withUnproven(needs: Need[], unproven: readonly [Part, string][]): Need[] {
  if (needs.some((need) => need.kind === 'paused' && need.of === 'service')) return needs;
  const again = unproven
    .filter(([part]) => !needs.some((need) => need.kind === 'restore' && partOf(need) === part))
    .map(([part, why]): Need => {
      const options = { ...partField(part), ...withoutPaused(needs) };
      return { kind: 'restore', clusters: [], ...options, reason: `the last run ended unproven: ${why}` };
    });
  return [...again, ...needs];
}

function withoutPaused(needs: readonly Need[]): { readonly without?: readonly string[] } {
  const without = needs.flatMap((need) => (need.kind === 'paused' ? [need.cluster] : []));
  return without.length === 0 ? {} : { without };
}

async function knownService(settling: Settling): Promise<KnownService> {
  const { service, looks, memory } = settling;
  if (looks > 1 && settling.known !== null && memory.idleLooks === 0) return settling.known;
  try {
    const config = await loadConfig({ mesh: service.mesh, namespace: service.namespace, service: service.service });
    const { warmMs, drainMs, drift } = config.service;
    const clusters = config.mesh.clusters.map(({ ref }) => ref);
    settling.known = { clusters, warmMs, drainMs, ...present({ drift, sinks: config.sinks }) };
  } catch (error) {
    // A typo in somebody's document must not keep traffic half moved: the last plan knows the clusters.
    if (settling.known === null || isCancellation(error)) throw error;
  }
  return settling.known;
}

type RestoreNeed = Extract<Need, { kind: 'restore' }>;

/** What came of one restore that is needed. */
interface Tried {
  readonly phase: 'restoring' | 'waiting' | 'needs-person';
  readonly reason: string;
  /** When it may be tried again, ms; absent: later each time. */
  readonly inMs?: number;
}

/** Restores of two parts go on side by side; the page tells of the one that needs a person most. */
function waitFor(settling: Settling, tries: readonly Tried[], needs: readonly Need[]): number {
  const [first] = (['needs-person', 'restoring', 'waiting'] as const).flatMap((phase) =>
    tries.filter((one) => one.phase === phase),
  );
  rest(settling, first?.phase ?? 'waiting', first?.reason ?? '', needs);
  const known = tries.flatMap(({ inMs }) => inMs ?? []);
  return Math.min(...known, ...(known.length < tries.length ? [later(settling)] : []));
}

async function putBack(settling: Settling, restore: RestoreNeed, nowMs: number): Promise<Tried> {
  const part = partOf(restore);
  const before = restoresOf(settling.memory, part);
  if (isSpent(before.rounds)) {
    const tried = `${String(before.rounds)} restores did not settle it, so a person must look: ${restore.reason}`;
    if (settling.now.phase !== 'needs-person') say(settling, tried);
    return { phase: 'needs-person', reason: tried };
  }
  if (before.restoreAfterMs > nowMs) {
    const reason = `the next restore is tried in a while: ${restore.reason}`;
    return { phase: 'waiting', reason, inMs: before.restoreAfterMs - nowMs };
  }
  try {
    const restoreRun = await startRestore(settling.service, { part, without: restore.without });
    const rounds = before.rounds + 1;
    const restores = { rounds, restoreRun, restoreAfterMs: nowMs + restoreDelayMs(rounds) };
    settling.memory = { ...withRestores(settling.memory, part, restores), idleLooks: 0 };
    say(settling, `restore ${String(rounds)} started: ${restore.reason}`);
    return { phase: 'restoring', reason: restore.reason };
  } catch (error) {
    if (isCancellation(error)) throw error;
    const why = `a restore could not be started: ${describeFailure(error).message}`;
    say(settling, why);
    return { phase: 'waiting', reason: why };
  }
}

/** A restore may wait for a person for days. true: something was mended. */
async function mendBeside(settling: Settling, needs: readonly Need[], known: KnownService): Promise<boolean> {
  const ends = await Promise.all(needs.filter(isBesideRestores).map((need) => tried(settling, need, known)));
  if (!ends.includes('')) return false;
  settling.memory = { ...settling.memory, idleLooks: 0 };
  return true;
}

async function mend(
  settling: Settling,
  needs: readonly Need[],
  { nowMs, known }: { readonly nowMs: number; readonly known: KnownService },
): Promise<number> {
  const due = needs.filter((need) => isDue(need, nowMs) && need.kind !== 'reach' && need.kind !== 'person');
  const ends = await Promise.all(due.map((need) => tried(settling, need, known)));
  if (ends.includes('')) {
    settling.memory = { ...settling.memory, idleLooks: 0 };
    rest(settling, 'looking', 'it looks whether that was all', needs);
    return 0;
  }
  const blocked = needs.filter(({ kind }) => kind === 'reach' || kind === 'person');
  const dues = needs.flatMap((need) => (need.kind === 'retire' && need.dueMs > nowMs ? [need.dueMs - nowMs] : []));
  const [reason = ''] = [...ends, ...needs.map((need) => need.reason)];
  rest(settling, blocked.some(({ kind }) => kind === 'person') ? 'needs-person' : 'waiting', reason, needs);
  const stuck = blocked.length > 0 || ends.length > 0 ? [later(settling)] : [];
  return Math.max(1_000, Math.min(...dues, ...stuck));
}

/** '' = done; else why not. */
async function tried(settling: Settling, need: Need, known: KnownService): Promise<string> {
  try {
    const undone = await doNeed(settling.service, known, need);
    say(settling, undone === '' ? `done: ${need.reason}` : undone);
    return undone;
  } catch (error) {
    if (isCancellation(error)) throw error;
    const why = describeFailure(error).message;
    log.warn('the settler could not mend something', { need: need.kind, why });
    say(settling, `not done yet: ${need.reason}: ${why}`);
    return why;
  }
}

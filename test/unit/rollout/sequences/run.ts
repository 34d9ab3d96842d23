/**
 * The workflow `rollout` on the model: the real state machine decides, its commands become tasks, one per cluster, and a
 * tick runs one task or gives one answer. So a run can be ended, or stopped, between any two writes.
 */
import type { WatchSloResult } from '../../../../core/judge/look/watch.ts';
import type { VerifyRoutingResult } from '../../../../core/judge/proof/proof.ts';
import { next } from '../../../../core/rollout/machine/next.ts';
import {
  initialState,
  type Command,
  type RolloutEvent,
  type RolloutState,
} from '../../../../core/rollout/machine/state.ts';
import { madeIn, versionIn } from '../../../../core/rollout/plan/adopted.ts';
import type { Plan } from '../../../../core/rollout/plan/plan.ts';
import type { Writer } from '../../../../core/routing/changes.ts';
import { deploymentName } from '../../../../core/routing/names.ts';
import { TidegateError } from '../../../../core/values/error.ts';
import * as activities from './activities.ts';
import { checkOutcome } from './invariants.ts';
import { clusterOf, type Mesh } from './mesh.ts';

interface Task {
  readonly cluster: string;
  readonly work: () => void;
}

export interface Retirement {
  readonly version: string;
  /** '' = the version's own Deployment. */
  readonly original: string;
  /** Times that it met a cluster that did not answer. */
  failures: number;
}

type Kept = Exclude<Command, { type: 'watch' | 'stopWatch' | 'retire' | 'giveUp' | 'takeBack' }>;

/** Where a reset may go on from. */
interface Moment {
  readonly state: RolloutState;
  readonly epoch: number;
  readonly open: Kept | null;
}

export interface Run {
  readonly id: string;
  readonly plan: Plan;
  state: RolloutState;
  epoch: number;
  open: Kept | null;
  tasks: Task[];
  readonly moments: Moment[];
  /** The first run of the chain that resets make. */
  readonly chain: string;
  /** What was made ready, per cluster. */
  readonly builds: Map<string, string>;
}

/** The world beyond the clusters: what Temporal knows. */
export interface World {
  readonly mesh: Mesh;
  run: Run | null;
  /** The newest run that is closed, and where it can be reset to. */
  last: Run | null;
  runs: number;
  /** Chain of each run. */
  readonly chains: Map<string, string>;
  /** Was a run ever reset? */
  reset: boolean;
  readonly retirements: Retirement[];
  /** Writes of attempts whose run is gone: their workers do not know it. */
  readonly late: Task[];
  readonly found: Set<string>;
}

const nothing = { readings: [], reason: 'by test', firstBadAtMs: null, decidedAtMs: 1 };
const healthy: WatchSloResult = { verdict: 'healthy', breached: [], ...nothing };
const breach = (breached: readonly string[]): WatchSloResult => ({ verdict: 'breach', breached, ...nothing });
const proof = (result: VerifyRoutingResult['result']): VerifyRoutingResult => ({ result, proofs: [], verifiedAtMs: 1 });

export function openRun(world: World, plan: Plan): Run {
  world.runs += 1;
  const id = `run-${String(world.runs)}`;
  const rest = { open: null, tasks: [], moments: [], chain: id, builds: new Map<string, string>() };
  const run: Run = { id, plan, state: initialState, epoch: plan.epoch, ...rest };
  world.chains.set(id, id);
  world.run = run;
  feed(world, run, { type: 'started', atMs: world.mesh.nowMs });
  return run;
}

/** A new run with the decisions of an old one up to a moment: it knows nothing of what came after. */
export function resetRun(world: World, old: Run, at: number): void {
  const moment = old.moments[at % Math.max(1, old.moments.length)];
  if (moment === undefined) return;
  world.runs += 1;
  const { state, epoch, open } = moment;
  world.reset = true;
  const moments = old.moments.slice(0, at);
  const { plan, chain, builds } = old;
  const id = `run-${String(world.runs)}`;
  const run: Run = { id, plan, state, epoch, open, tasks: [], moments, chain, builds: new Map(builds) };
  world.chains.set(id, chain);
  world.run = run;
  if (open !== null) run.tasks = tasksOf(world, run, open);
  feed(world, run, { type: 'wasReset', atMs: world.mesh.nowMs });
}

type TakeBack = Extract<Command, { type: 'takeBack' }>;

function takeBack(world: World, run: Run, { turn, clients, serving }: TakeBack): Task[] {
  const by = writers(run, turn);
  return clients.map((cluster) => ({
    cluster,
    work: () => activities.restore(atCluster(world, run, { cluster, by: by(cluster) }), serving),
  }));
}

export function feed(world: World, run: Run, event: RolloutEvent): void {
  const { state, commands } = next(run.plan, run.state, event);
  run.state = state;
  for (const command of commands) {
    if (command.type === 'retire') retire(world, run.plan, command.what);
    else if (command.type === 'takeBack') run.tasks = [...takeBack(world, run, command), ...run.tasks];
    else if (command.type !== 'watch' && command.type !== 'stopWatch' && command.type !== 'giveUp') {
      // What is under way is cancelled, but an attempt that has begun may still write.
      world.late.push(...run.tasks.slice(0, 1));
      if (command.type === 'restore') run.epoch += 1;
      run.open = command;
      run.tasks = tasksOf(world, run, command);
    }
  }
  if (state.phase === 'ended') {
    checkOutcome(world, run);
    closeRun(world, run);
  }
  if (state.phase !== 'ended') run.moments.push({ state, epoch: run.epoch, open: run.open });
}

/** The run is gone: it ended by itself, or somebody terminated it. What it had begun may still be written. */
export function closeRun(world: World, run: Run): void {
  world.late.push(...run.tasks.slice(0, 2));
  run.tasks = [];
  world.last = run;
  world.run = null;
}

function tasksOf(world: World, run: Run, command: Kept): Task[] {
  const { plan } = run;
  const by = writers(run, command.seq);
  const each = (clusters: readonly string[], work: (at: activities.At) => void): Task[] =>
    clusters.map((cluster) => ({ cluster, work: () => work(atCluster(world, run, { cluster, by: by(cluster) })) }));
  const held = (): Task[] =>
    plan.waves.flatMap((wave) => {
      const versions = wave.steps.at(-1)?.versions ?? {};
      return each(wave.clients, (at) => activities.applyRouting(at, { versions, redirect: true, build: '' }));
    });
  switch (command.type) {
    case 'confirm':
      return held();
    case 'prepare': {
      if (command.wave === 0) keepVersion(world, plan.version);
      return each(madeIn(plan, waveOf(plan, command.wave)), (at) => {
        run.builds.set(at.cluster.name, activities.prepareVersion(at));
      });
    }
    case 'enter':
      return each(waveOf(plan, command.wave).clients, (at) => {
        const build = run.builds.get(at.cluster.name) ?? '';
        const versions = waveOf(plan, command.wave).enter;
        activities.applyRouting(at, { versions, redirect: plan.kind !== 'adopt', build });
      });
    case 'apply': {
      const { clients, steps } = waveOf(plan, command.wave);
      const versions = steps[command.step]?.versions ?? {};
      return each(clients, (at) => activities.applyRouting(at, { versions, redirect: true, build: '' }));
    }
    case 'restore':
      return each(command.clients, (at) => activities.restore(at, command.serving));
    case 'commit': {
      const all = [...new Set(plan.waves.flatMap((wave) => [...wave.clients, ...wave.serving]))];
      const pinned = plan.kind === 'adopt' ? plan.waves.flatMap((wave) => madeIn(plan, wave)) : command.serving;
      const pin = (name: string): string => (pinned.includes(name) ? plan.version : '');
      const whole =
        plan.confirms === undefined &&
        plan.waves.every((wave) => wave.serving.every((name) => command.serving.includes(name)));
      return [
        ...(whole ? held() : []),
        ...each(all, (at) => activities.commit(at, { serving: command.serving, pin: pin(at.cluster.name) })),
      ];
    }
    case 'release': {
      const steps = ['route', 'services'] as const;
      return steps.flatMap((step) => each(waveOf(plan, 0).clients, (at) => activities.release(at, step)));
    }
    case 'verify':
    case 'proveRestore':
      return [];
  }
}

/** As whom the run writes, fixed when the command is issued: see writerOf in workflows/run-context.ts. */
function writers({ id, plan, epoch }: Run, turn: number): (cluster: string) => Writer {
  return (cluster) => ({ epoch, run: id, turn, replaces: plan.owners?.[cluster] ?? null });
}

function atCluster(world: World, run: Run, { cluster, by }: { cluster: string; by: Writer }): activities.At {
  const supersedes: activities.At['supersedes'] = (former, over) => {
    const newest = `run-${String(world.runs)}`;
    if (run.id !== newest || former === world.run?.id) return false;
    return over === 'anyFormerRun' || world.chains.get(former) === run.chain;
  };
  return {
    plan: run.plan,
    cluster: clusterOf(world.mesh, cluster),
    by,
    supersedes,
    isOver: () => run.id !== world.run?.id,
  };
}

function waveOf(plan: Plan, index: number): Plan['waves'][number] {
  const wave = plan.waves[index];
  if (wave === undefined) throw new RangeError(`no wave ${String(index)}`);
  return wave;
}

function keepVersion(world: World, version: string): void {
  const kept = world.retirements.findIndex((one) => one.version === version && one.original === '');
  if (kept >= 0) world.retirements.splice(kept, 1);
}

/** As workflows/retirements.ts has it. */
function retire(world: World, plan: Plan, what: 'replaced' | 'failed'): void {
  const { kind, version, sources, replaces } = plan;
  if (kind === 'restore' || kind === 'release') return;
  const own = deploymentName('checkout', version);
  const from = [...new Set(Object.values(sources).map(({ deployment }) => deployment))];
  const add = (one: Omit<Retirement, 'failures'>): void => {
    if (world.retirements.some((known) => known.version === one.version && known.original === one.original)) return;
    world.retirements.push({ ...one, failures: 0 });
  };
  if (what === 'failed') {
    if (kind !== 'adopt' || !from.includes(own)) add({ version, original: '' });
  } else if (kind === 'adopt') {
    for (const original of from.filter((name) => name !== own)) add({ version, original });
  } else {
    const old = [...new Set(Object.values(replaces))].filter((one) => one !== version);
    for (const one of old) add({ version: one, original: '' });
  }
}

/** One write, or one answer. false: it can go no further as things are. */
function tick(world: World, run: Run): boolean {
  const { open, tasks, state } = run;
  const atMs = (world.mesh.nowMs += 10);
  if (tasks.length > 0) return runTask(world, run);
  if (open === null || state.awaiting !== open.seq) {
    if (state.phase !== 'baking' || state.watching === 0) return false;
    feed(world, run, { type: 'watched', seq: state.watching, result: healthy, atMs });
    return true;
  }
  feed(world, run, answerOf(world, run, open));
  return true;
}

function answerOf(world: World, { plan }: Run, open: Kept): RolloutEvent {
  const atMs = world.mesh.nowMs;
  const { seq } = open;
  if (open.type === 'verify' || open.type === 'proveRestore')
    return { type: 'proved', seq, proof: proof('verified'), atMs };
  if (open.type !== 'enter') return { type: 'done', seq, atMs };
  const { serving } = waveOf(plan, open.wave);
  const ready = serving.every((name) => activities.isReady(clusterOf(world.mesh, name), versionIn(plan, name)));
  return { type: 'proved', seq, proof: proof(ready ? 'verified' : 'contradicted'), atMs };
}

/** A restore goes past a cluster that fails, and tries it again for ever; everything else gives up. */
function runTask(world: World, run: Run): boolean {
  const { open, tasks } = run;
  const back = open?.type === 'restore';
  for (const task of back ? [...tasks] : tasks.slice(0, 1)) {
    try {
      task.work();
      run.tasks = run.tasks.filter((one) => one !== task);
      return true;
    } catch (error) {
      if (!(error instanceof TidegateError)) throw error;
      if (back && !['FencedOut', 'Foreign'].includes(error.code)) continue;
      // An attempt that gave no answer may still be under way.
      if (error.code === 'Unavailable') world.late.push(task);
      run.tasks = [];
      const seq = open?.seq ?? 0;
      feed(world, run, { type: 'failed', seq, reason: error.message, code: error.code, atMs: world.mesh.nowMs });
      return true;
    }
  }
  return false;
}

/** Until the run is closed, or can go no further, or so many ticks have passed. */
export function advance(world: World, ticks = 500): void {
  for (let i = 0; i < ticks && world.run !== null; i++) {
    const { run } = world;
    if (tick(world, run)) continue;
    if (run.state.phase !== 'baking') return;
    world.found.add('stuck: a bake without a watch never ends');
    feed(world, run, { type: 'promote', reason: 'a person', full: false, atMs: world.mesh.nowMs });
  }
}

export const breached = (world: World, run: Run, clusters: readonly string[]): void => {
  const { watching } = run.state;
  if (watching > 0)
    feed(world, run, { type: 'watched', seq: watching, result: breach(clusters), atMs: world.mesh.nowMs });
};

/** Attempts that nobody waits for any more write what they can. */
export function landLate(world: World, many = world.late.length): void {
  for (const task of world.late.splice(0, many)) {
    try {
      task.work();
    } catch (error) {
      if (!(error instanceof TidegateError)) throw error;
    }
  }
}

/** The warm times are over. A retirement that meets a cluster without an answer gives up after a day. */
export function runRetirements(world: World): void {
  for (const one of world.retirements.splice(0)) {
    try {
      if (one.original === '') activities.retireVersion(world.mesh, one.version);
      else activities.retireOriginal(world.mesh, { name: one.original, version: one.version });
    } catch (error) {
      if (!(error instanceof TidegateError)) throw error;
      one.failures += 1;
      if (one.failures < 2) world.retirements.push(one);
    }
  }
}

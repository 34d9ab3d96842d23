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
import { pinnedIn } from '../../../../core/rollout/plan/pinned.ts';
import type { Plan } from '../../../../core/rollout/plan/plan.ts';
import type { Writer } from '../../../../core/routing/changes.ts';
import type { Absence } from '../../../../core/routing/record.ts';
import { TidegateError } from '../../../../core/values/error.ts';
import * as activities from './activities.ts';
import { checkOutcome } from './invariants.ts';
import { clusterOf, type Mesh } from './mesh.ts';

interface Task {
  readonly cluster: string;
  readonly work: () => void;
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
  /** Why one of the clusters of its way back can never be written. */
  refused: TidegateError | null;
  /** Clusters that it goes on without. */
  readonly absent: Map<string, Absence>;
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
  const absent = new Map(Object.entries(plan.absent ?? {}).map(([name, reason]) => [name, { atMs: 1, reason }]));
  const rest = {
    open: null,
    tasks: [],
    moments: [],
    chain: id,
    builds: new Map<string, string>(),
    absent,
    refused: null,
  };
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
  const { plan, chain, builds, absent } = old;
  const id = `run-${String(world.runs)}`;
  const run: Run = {
    id,
    plan,
    state,
    epoch,
    open,
    tasks: [],
    moments,
    chain,
    builds: new Map(builds),
    absent: new Map(absent),
    refused: null,
  };
  world.chains.set(id, chain);
  world.run = run;
  if (open !== null) {
    // What had been answered before is not done again.
    const isLeft = ({ cluster }: Task): boolean => open.type !== 'restore' || state.outstanding.includes(cluster);
    run.tasks = tasksOf(world, run, open).filter(isLeft);
  }
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
    if (command.type === 'giveUp') giveUp(world, run, command);
    else if (command.type === 'takeBack') run.tasks = [...takeBack(world, run, command), ...run.tasks];
    else if (command.type !== 'watch' && command.type !== 'stopWatch' && command.type !== 'retire') {
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

/** Its write is cancelled, and may still land. */
function giveUp(world: World, run: Run, { cluster, absence }: Extract<Command, { type: 'giveUp' }>): void {
  run.absent.set(cluster, absence);
  world.late.push(...run.tasks.filter((task) => task.cluster === cluster));
  run.tasks = run.tasks.filter((task) => task.cluster !== cluster);
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
    case 'prepare':
      return each(madeIn(plan, waveOf(plan, command.wave)), (at) => {
        run.builds.set(at.cluster.name, activities.prepareVersion(at));
      });
    case 'enter':
      return each(waveOf(plan, command.wave).clients, (at) => {
        const build = run.builds.get(at.cluster.name) ?? '';
        const versions = waveOf(plan, command.wave).enter;
        activities.applyRouting(at, { versions, redirect: plan.kind !== 'adopt', build, enters: true });
      });
    case 'apply': {
      const { clients, steps } = waveOf(plan, command.wave);
      const versions = steps[command.step]?.versions ?? {};
      return each(clients, (at) => activities.applyRouting(at, { versions, redirect: true, build: '' }));
    }
    case 'pin':
      return each(pinnedIn(waveOf(plan, command.wave)), (at) => activities.movePin(at, plan.version));
    case 'restore':
      return each(command.clients, (at) => activities.restore(at, command.serving));
    case 'commit': {
      const taking = [...new Set(plan.waves.flatMap((wave) => [...wave.clients, ...wave.serving]))];
      const all = taking.filter((name) => !run.absent.has(name));
      const made = plan.waves.flatMap((wave) => madeIn(plan, wave));
      const pinned = plan.kind === 'adopt' ? made.filter((name) => command.serving.includes(name)) : command.serving;
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
    case 'before':
    case 'verify':
    case 'proveRestore':
    case 'readWindows':
    case 'askGate':
      return [];
  }
}

/** As whom the run writes, fixed when the command is issued: see writerOf in workflows/rollout/run-context.ts. */
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
    absent: Object.fromEntries(run.absent),
    nowMs: world.mesh.nowMs,
    supersedes,
    isOver: () => run.id !== world.run?.id,
  };
}

function waveOf(plan: Plan, index: number): Plan['waves'][number] {
  const wave = plan.waves[index];
  if (wave === undefined) throw new RangeError(`no wave ${String(index)}`);
  return wave;
}

/** One write, or one answer. false: it can go no further as things are. */
function tick(world: World, run: Run): boolean {
  const { open, tasks, state, refused } = run;
  const atMs = (world.mesh.nowMs += 10);
  if (tasks.length > 0) return runTask(world, run);
  if (refused !== null) {
    run.refused = null;
    feed(world, run, failedAs(run, refused, atMs));
    return true;
  }
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

/** A way back goes past a cluster that fails, and tries it again for ever; everything else gives up. */
function runTask(world: World, run: Run): boolean {
  const { open, tasks } = run;
  const back = open?.type === 'restore';
  for (const task of back ? [...tasks] : tasks.slice(0, 1)) {
    try {
      task.work();
      run.tasks = run.tasks.filter((one) => one !== task);
      if (back) isBack(world, run, task.cluster);
      return true;
    } catch (error) {
      if (!(error instanceof TidegateError)) throw error;
      if (back && !['FencedOut', 'Foreign'].includes(error.code)) continue;
      // An attempt that gave no answer may still be under way.
      if (error.code === 'Unavailable') world.late.push(task);
      run.tasks = back ? run.tasks.filter((one) => one !== task) : [];
      // The other clusters of a way back do not hear of it before they are back.
      if (back) run.refused = error;
      else feed(world, run, failedAs(run, error, world.mesh.nowMs));
      return true;
    }
  }
  return false;
}

const failedAs = ({ open }: Run, { message, code }: TidegateError, atMs: number): RolloutEvent => {
  return { type: 'failed', seq: open?.seq ?? 0, reason: message, code, atMs };
};

/** Written, and proven by the traffic. */
function isBack(world: World, run: Run, cluster: string): void {
  const told = { seq: run.open?.seq ?? 0, cluster, atMs: world.mesh.nowMs };
  feed(world, run, { type: 'restoredOne', ...told });
  feed(world, run, { type: 'provedOne', ...told, proof: proof('verified') });
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

/** What people, GitOps tools, clouds and Temporal do to a mesh, one after the other. */
import * as fc from 'fast-check';
import type { Change } from '../../../../core/rollout/change.ts';
import { refuseMessage } from '../../../../core/rollout/machine/refuse.ts';
import { adoption, knownVersion, newVersion, provenIn, start } from './changes.ts';
import { edits, moveTopology, withCaller } from './edits.ts';
import { checkRunning } from './invariants.ts';
import { copyOf, imageOf, key, members, newer, newMesh, type Cluster, type Mesh } from './mesh.ts';
import { advance, breached, closeRun, feed, landLate, resetRun, type World } from './run.ts';
import { settle, warmTimesEnd } from './settler.ts';

export const newWorld = (mesh: Mesh = newMesh()): World => ({
  mesh,
  run: null,
  last: null,
  // A mesh that was adopted before has records of run-1.
  runs: mesh.clusters.some(({ route }) => route !== null) ? 1 : 0,
  chains: new Map(),
  reset: false,
  late: [],
  found: new Set(),
});

const endings = ['finish', 'finish', 'abort', 'terminate', 'breach', 'cancel', 'lose a Deployment'] as const;
type Ending = (typeof endings)[number];

/** How a change goes: to its end, or until something happens after so many ticks. */
interface How {
  readonly ending: Ending;
  readonly at: number;
  readonly arg: number;
}

function goOn(world: World, { ending, at, arg }: How): void {
  if (ending !== 'finish') advance(world, at);
  checkRunning(world);
  const { run } = world;
  if (run !== null) {
    const atMs = world.mesh.nowMs;
    if (ending === 'terminate') return closeRun(world, run);
    if (ending === 'abort' || ending === 'cancel') feed(world, run, { type: ending, reason: 'x', atMs });
    if (ending === 'lose a Deployment') loseDeployment(world, arg);
    if (ending === 'breach') breached(world, run, ['a', 'b', 'c'].slice(arg % 3, (arg % 3) + 1));
  }
  advance(world);
}

function change(world: World, wanted: Change, how: How): void {
  if (start(world, wanted) === '') goOn(world, how);
}

/** Somebody deletes one that Tidegate made, or a retirement that nobody stopped does. */
function loseDeployment(world: World, arg: number): void {
  const one = pick(world, arg);
  const made = one?.deployments.filter(({ managed }) => managed) ?? [];
  const gone = made[(arg >> 1) % Math.max(1, made.length)];
  if (one === undefined || gone === undefined) return;
  one.deployments = one.deployments.filter((deployed) => deployed !== gone);
  world.mesh.taken = new Set([...world.mesh.taken, key(gone.version, one.name)]);
}

/** A person's word on a cluster that a way back waits for. */
export function giveUp(world: World, arg: number): void {
  const { run, mesh } = world;
  const waiting = run?.state.outstanding ?? [];
  const cluster = waiting[arg % Math.max(1, waiting.length)];
  if (run === null || cluster === undefined || refuseMessage('giveUp', run.state, { cluster }) !== '') return;
  feed(world, run, { type: 'giveUp', cluster, reason: 'x', atMs: mesh.nowMs });
  advance(world);
}

type Act = (world: World, how: How) => void;

const pick = ({ mesh }: World, arg: number): Cluster | undefined => members(mesh)[arg % members(mesh).length];

/** One that does not answer, or another: a person may be wrong. */
function without(world: World, { arg }: How): string {
  const down = members(world.mesh).filter(({ up }) => !up);
  return (down[arg % Math.max(1, down.length)] ?? pick(world, arg))?.name ?? '';
}

export const operations = {
  adopt: (world, how) => change(world, adoption(world.mesh), how),
  deploy: (world, how) => change(world, newVersion(world), how),
  'deploy by name': (world, how) => {
    const wanted = knownVersion(world, how.arg);
    if (wanted !== null) change(world, wanted, how);
  },
  'deploy without': (world, how) => change(world, { ...newVersion(world), without: [without(world, how)] }, how),
  undo: (world, how) => change(world, { kind: 'undo' }, how),
  'undo without': (world, how) => change(world, { kind: 'undo', without: [without(world, how)] }, how),
  release: (world, how) => change(world, { kind: 'release' }, how),
  restore: (world, how) => change(world, { kind: 'restore' }, how),
  'restore without': (world, how) => change(world, { kind: 'restore', without: [without(world, how)] }, how),
  reset: (world, how) => {
    const former = world.last;
    if (world.run !== null || former === null) return;
    resetRun(world, former, how.at);
    goOn(world, { ...how, at: how.at >> 1 });
    const reason = world.last?.state.reason ?? '';
    // One that had gone back, or committed, is not gone on with.
    const { outcome, phase } = former.state;
    const underWay = outcome === null && phase !== 'committing' && former.epoch === former.plan.epoch;
    if (underWay && reason.includes(`belong to run ${former.id} `))
      world.found.add('reset: a run is fenced out by its former self');
  },
  'regroup waves': ({ mesh }, { arg }) => {
    mesh.grouping = arg;
    mesh.onBreach = arg % 2 === 0 ? 'all' : 'cluster';
  },
  'move topology': (world, { arg }) => moveTopology(world, arg),
  'cluster joins': (world, { arg }) => {
    const c = world.mesh.clusters[2];
    if (c === undefined || c.member || world.run !== null) return;
    c.member = true;
    const version = provenIn(world.mesh) || 'v1';
    c.deployments = c.deployments.map((one) => ({ ...one, version, image: imageOf(version) }));
    if (arg % 2 === 0) return;
    // It only calls: nothing of the service runs there.
    c.deployments = [];
    world.mesh.calls = withCaller(world.mesh.calls);
  },
  'cluster lost': (world, { arg }) => {
    const one = pick(world, arg);
    if (one !== undefined) one.up = false;
  },
  'clusters back': ({ mesh }) => {
    for (const one of mesh.clusters) one.up = true;
  },
  'route lost': (world, { arg }) => {
    const one = pick(world, arg);
    if (one !== undefined) one.route = null;
  },
  'Deployment lost': (world, { arg }) => loseDeployment(world, arg),
  'annotation edited': (world, { arg, at }) => {
    const one = pick(world, at);
    if (one !== undefined) edits[arg % edits.length]?.(one);
  },
  'pin dropped': (world, { arg }) => {
    const one = pick(world, arg);
    if (one === undefined) return;
    one.pin = '';
    one.unpinned = true;
  },
  'newer worker wrote': (world, { arg }) => {
    const one = pick(world, arg);
    if (one?.route != null) one.route = { ...one.route, text: newer };
  },
  'newer worker needs more': (world, { arg }) => {
    const one = pick(world, arg);
    if (one?.route != null) one.route = { ...one.route, record: { ...one.route.record, needs: ['policy-arms'] } };
  },
  'late writes land': (world) => landLate(world),
  'give up': (world, { arg }) => giveUp(world, arg),
  'settler looks': (world) => settle(world),
  'warm times end': (world) => warmTimesEnd(world),
} satisfies Record<string, Act>;

export type Operation = keyof typeof operations;
export type Step = readonly [what: Operation, ending: Ending, at: number, arg: number];

const everything = Object.keys(operations) as Operation[];
/** Changes come more often than accidents. */
const weighted: readonly Operation[] = [
  ...everything,
  'deploy',
  'deploy',
  'deploy',
  'undo',
  'undo',
  'adopt',
  'restore',
];

const stepsOf = (what: readonly Operation[], how: readonly Ending[]): fc.Arbitrary<readonly Step[]> =>
  fc.array(fc.tuple(fc.constantFrom(...what), fc.constantFrom(...how), fc.nat(50), fc.nat(7)), { maxLength: 12 });

export const someSteps = stepsOf(weighted, endings);

/** What people do who neither undo nor regroup, in a mesh whose clusters come and go. */
export const calmSteps = stepsOf(
  ['deploy', 'deploy', 'deploy', 'restore', 'warm times end', 'cluster lost', 'clusters back'],
  ['finish', 'finish', 'abort', 'breach', 'cancel'],
);

export function play(world: World, steps: readonly Step[]): void {
  for (const [what, ending, at, arg] of steps) {
    advance(world);
    const act: Act = operations[what];
    act(world, { ending, at, arg });
    checkRunning(world);
  }
}

/** Two clusters, adopted with v1, and nothing under way. */
const adopted: Mesh = (() => {
  const world = newWorld();
  start(world, { kind: 'adopt' });
  advance(world);
  warmTimesEnd(world);
  return world.mesh;
})();

export const adoptedWorld = (): World => newWorld(copyOf(adopted));

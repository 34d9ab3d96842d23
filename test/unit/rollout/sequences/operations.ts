/** What people, GitOps tools, clouds and Temporal do to a mesh, one after the other. */
import * as fc from 'fast-check';
import type { Change } from '../../../../core/rollout/change.ts';
import { planRollout } from '../../../../core/rollout/plan/versions.ts';
import type { RoutingRecord } from '../../../../core/routing/record.ts';
import { mainVersion, sameTraffic } from '../../../../core/routing/weights.ts';
import { TidegateError } from '../../../../core/values/error.ts';
import { WHOLE, type Shares } from '../../../../core/values/share.ts';
import { checkRunning } from './invariants.ts';
import {
  configOf,
  copyOf,
  imageOf,
  isGhost,
  key,
  members,
  newer,
  newMesh,
  read,
  unreadable,
  type Cluster,
  type Mesh,
} from './mesh.ts';
import { advance, breached, closeRun, feed, landLate, openRun, resetRun, runRetirements, type World } from './run.ts';

export const newWorld = (mesh: Mesh = newMesh()): World => ({
  mesh,
  run: null,
  last: null,
  // A mesh that was adopted before has records of run-1.
  runs: mesh.clusters.some(({ route }) => route !== null) ? 1 : 0,
  chains: new Map(),
  reset: false,
  retirements: [],
  late: [],
  found: new Set(),
});

/** '' = accepted, and running. */
export function start(world: World, change: Change): string {
  if (world.run !== null) return 'Conflict: a rollout of this service is running';
  try {
    openRun(world, planRollout({ config: configOf(world.mesh), read: read(world.mesh), change }));
    return '';
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

/** What a person says: the version by name only where nothing runs that could tell it. */
export function adoption(mesh: Mesh): Change {
  const all = members(mesh);
  const fresh = all.filter(({ route }) => route === null || route.record.versions.proven === null);
  if (fresh.some(({ deployments }) => deployments.some(({ replicas }) => replicas > 0))) return { kind: 'adopt' };
  const version = provenIn(mesh);
  return version === '' ? { kind: 'adopt' } : { kind: 'adopt', version };
}

/** The version that the first cluster has proven, or is pinned to; '' for neither. */
function provenIn(mesh: Mesh): string {
  const known = members(mesh).flatMap(({ route }) => Object.values(route?.record.versions.proven ?? {}));
  return known.map(mainVersion).find((one) => one !== '') ?? members(mesh).find(({ pin }) => pin !== '')?.pin ?? '';
}

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

const versionsOf = (mesh: Mesh): string[] => [
  ...new Set(members(mesh).flatMap(({ deployments }) => deployments.map(({ version }) => version))),
];

/** A version that nobody has seen yet. */
function newVersion({ runs }: World): Change {
  const version = `v${String(runs + 2)}`;
  return { kind: 'deploy', version, image: imageOf(version) };
}

/** A version that is there, by its name alone or with its image. */
function knownVersion({ mesh }: World, arg: number): Change | null {
  const known = versionsOf(mesh);
  const version = known[(arg >> 1) % Math.max(1, known.length)];
  return version === undefined ? null : { kind: 'deploy', version, ...(arg % 2 === 1 && { image: imageOf(version) }) };
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

type Act = (world: World, how: How) => void;

const pick = ({ mesh }: World, arg: number): Cluster | undefined => members(mesh)[arg % members(mesh).length];

/** The record as a hand edit of its annotation leaves it. */
function edit(one: Cluster | undefined, edited: (record: RoutingRecord) => RoutingRecord): void {
  if (one?.route == null || !one.up) return;
  one.route = { ...one.route, record: edited(one.route.record) };
}

const topologies: readonly Record<string, Shares>[] = [
  {},
  { a: { a: 700_000, b: 300_000 }, b: { b: WHOLE }, c: { c: WHOLE } },
  { a: { a: WHOLE }, b: { a: 500_000, b: 500_000 }, c: { a: WHOLE } },
  { a: { b: WHOLE }, b: { b: WHOLE }, c: { b: WHOLE } },
];

/** The topology's own writer: a new serving cluster brings its proven entry from a client that has it. */
function moveTopology(world: World, arg: number): void {
  const { mesh } = world;
  const all = members(mesh);
  const settled = all.every(
    ({ up, route }) => up && (route === null || (route.text === '' && isSettled(route.record))),
  );
  if (world.run !== null || !settled) return;
  mesh.calls = topologies[arg % topologies.length] ?? {};
  const c = mesh.clusters[2];
  if (c?.deployments.length === 0) mesh.calls = { a: { a: WHOLE }, b: { b: WHOLE }, ...mesh.calls, c: { a: WHOLE } };
  for (const one of all)
    edit(one, (record) => withTopology(record, mesh, mesh.calls[one.name] ?? { [one.name]: WHOLE }));
}

const isSettled = ({ versions }: RoutingRecord): boolean => sameTraffic(versions.current, versions.proven);

function withTopology(record: RoutingRecord, mesh: Mesh, shares: Shares): RoutingRecord {
  const { topology, versions } = record;
  if (versions.proven === null) return record;
  const missing = Object.keys(shares).filter((name) => versions.proven?.[name] === undefined);
  const entries = missing.flatMap((name): [string, Shares][] => {
    const found = members(mesh).map(({ route }) => route?.record.versions.proven?.[name]);
    const first = found.find((one) => one !== undefined);
    return first === undefined ? [] : [[name, first]];
  });
  if (entries.length < missing.length) return record;
  const added = Object.fromEntries(entries);
  return {
    ...record,
    topology: { ...topology, proven: shares, current: shares, epoch: topology.epoch + 1 },
    versions: {
      ...versions,
      proven: { ...versions.proven, ...added },
      current: versions.current === null ? null : { ...versions.current, ...added },
    },
  };
}

const edits: readonly ((one: Cluster) => void)[] = [
  (one) => {
    one.byHand = true;
    edit(one, (record) => ({ ...record, versions: { ...record.versions, current: half(record, one) } }));
  },
  (one) => {
    if (one.route !== null) one.route = { ...one.route, text: unreadable };
  },
  (one) => {
    if (isGhost(one) || !one.up) return;
    one.edited = one.route?.record.versions.proven ?? null;
    edit(one, (record) => ({ ...record, versions: { ...record.versions, proven: ghost(record) } }));
  },
];

/** Half of a cluster's own calls to another version that runs there. */
function half({ cluster, versions }: RoutingRecord, { deployments }: Cluster): RoutingRecord['versions']['current'] {
  const main = mainVersion(versions.proven?.[cluster]);
  const other = deployments.find(({ managed, version }) => managed && version !== main)?.version;
  if (main === '' || other === undefined || versions.current === null) return versions.current;
  return { ...versions.current, [cluster]: { [main]: 500_000, [other]: 500_000 } };
}

const ghost = ({ cluster, versions }: RoutingRecord): RoutingRecord['versions']['proven'] =>
  versions.proven === null ? null : { ...versions.proven, [cluster]: { ghost: WHOLE } };

export const operations = {
  adopt: (world, how) => change(world, adoption(world.mesh), how),
  deploy: (world, how) => change(world, newVersion(world), how),
  'deploy by name': (world, how) => {
    const wanted = knownVersion(world, how.arg);
    if (wanted !== null) change(world, wanted, how);
  },
  undo: (world, how) => change(world, { kind: 'undo' }, how),
  release: (world, how) => change(world, { kind: 'release' }, how),
  restore: (world, how) => change(world, { kind: 'restore' }, how),
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
    world.mesh.calls = { a: { a: WHOLE }, b: { b: WHOLE }, ...world.mesh.calls, c: { a: WHOLE } };
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
    if (one !== undefined) one.pin = '';
  },
  'newer worker wrote': (world, { arg }) => {
    const one = pick(world, arg);
    if (one?.route != null) one.route = { ...one.route, text: newer };
  },
  'late writes land': (world) => landLate(world),
  'warm times end': (world) => runRetirements(world),
} satisfies Record<string, Act>;

export type Operation = keyof typeof operations;
export type Step = readonly [what: Operation, ending: Ending, at: number, arg: number];

const all = Object.keys(operations) as Operation[];
/** Changes come more often than accidents. */
const weighted: readonly Operation[] = [...all, 'deploy', 'deploy', 'deploy', 'undo', 'undo', 'adopt', 'restore'];

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
  runRetirements(world);
  return world.mesh;
})();

export const adoptedWorld = (): World => newWorld(copyOf(adopted));

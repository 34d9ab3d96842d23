/** The end of a sequence: everything that was away is back, what is due is done; then a change must be possible again. */
import { sameTraffic } from '../../../../core/routing/weights.ts';
import { checkClean, checkRunning, checkSettled } from './invariants.ts';
import { imageOf, isGhost, members, read, unreadable } from './mesh.ts';
import { adoptedWorld, adoption, newWorld, play, start, type Step } from './operations.ts';
import { advance, landLate, runRetirements, type World } from './run.ts';

/** What the settler will do: today a restore of what is half moved, and the retirements that runs have started. */
function settle(world: World): void {
  const half = members(world.mesh).some(
    ({ route }) => route !== null && !sameTraffic(route.record.versions.current, route.record.versions.proven),
  );
  if (half && start(world, { kind: 'restore' }) === '') advance(world);
  runRetirements(world);
}

/** Clusters answer again, and a person undoes edits by hand, as the message about them says. */
function comeBack({ mesh, found }: World): void {
  for (const one of mesh.clusters) {
    one.up = true;
    if (one.route?.text === unreadable) one.route = { ...one.route, text: '' };
    if (one.route === null || !isGhost(one)) continue;
    // What nobody has ever run is no proven version.
    const { foreign } = read(mesh).clusters.find(({ cluster }) => cluster === one.name) ?? { foreign: [] };
    if (foreign.length === 0) found.add('edit: a proven version that nobody made is believed');
    const { record } = one.route;
    const versions = { ...record.versions, proven: one.edited, current: one.edited };
    one.route = { ...one.route, record: { ...record, versions } };
  }
}

function quiesce(world: World): void {
  comeBack(world);
  landLate(world);
  advance(world);
  landLate(world);
  settle(world);
  checkRunning(world);
  checkSettled(world);
  checkClean(world);
}

/** A forward change is accepted, and ends as it should. */
function goForward(world: World): void {
  const { mesh, found } = world;
  const all = members(mesh);
  // Nobody can deploy a service that somebody has taken away altogether.
  if (mesh.taken.size > 0 && all.some(({ deployments }) => deployments.every(({ replicas }) => replicas === 0))) return;
  if (all.some(({ route }) => route === null || route.record.versions.proven === null)) {
    if (!accepted(world, start(world, adoption(mesh)), 'adopt')) return;
    if (!finish(world, 'adopt')) return;
  }
  const version = 'v99';
  if (!accepted(world, start(world, { kind: 'deploy', version, image: imageOf(version) }), 'deploy')) return;
  finish(world, 'deploy');
  const unmoved = all.some(
    ({ route }) => !Object.values(route?.record.versions.proven ?? {}).some((shares) => shares[version]),
  );
  if (world.run === null && unmoved) found.add('untrue: promoted, and a cluster has not proven the version');
  runRetirements(world);
  checkRunning(world);
  checkSettled(world);
  checkClean(world);
}

function accepted({ mesh, found }: World, refused: string, what: string): boolean {
  // A person has taken it away, and is told to bring it back.
  const told = ['the proven version, is gone', 'there, which is proven'];
  const theirs = mesh.taken.size > 0 && told.some((text) => refused.includes(text));
  if (refused !== '' && !theirs) found.add(`refused: ${what}: ${reason(refused)}`);
  return refused === '';
}

/** Of a long refusal what tells it from others. */
const reasons = [
  'a rollout of this service is running',
  'current traffic differs',
  'client clusters differ',
  'not a routing record',
  'runs different versions',
  'exactly one is needed',
  'is scaled to zero',
];

const reason = (refused: string): string =>
  reasons.find((text) => refused.includes(text)) ?? refused.replace(/\s+/g, ' ').slice(0, 160);

/** Was it promoted? */
function finish(world: World, what: string): boolean {
  const { last } = world;
  advance(world);
  const ended = world.last === last ? null : world.last;
  const outcome = ended?.state.outcome ?? `stuck in ${world.run?.state.phase ?? ''}`;
  if (outcome !== 'promoted' && world.mesh.taken.size === 0)
    world.found.add(`untrue: a healthy ${what} ends as ${outcome} (${ended?.state.code ?? ''})`);
  return outcome === 'promoted';
}

/** Plays the steps, lets everything come to rest, and asks for a change: the rules that were broken on the way. */
export function findings({ adopted = true, steps }: Sequence): ReadonlySet<string> {
  const world = adopted ? adoptedWorld() : newWorld();
  play(world, steps);
  quiesce(world);
  goForward(world);
  return world.found;
}

export interface Sequence {
  /** Starts where a and b are adopted with v1. Default true; false: nothing is adopted yet. */
  readonly adopted?: boolean;
  readonly steps: readonly Step[];
}

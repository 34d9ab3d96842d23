/** The end of a sequence: everything that was away is back, what is due is done; then a change must be possible again. */
import { positiveNames } from '../../../../core/values/share.ts';
import { adoption, differs, start } from './changes.ts';
import { checkClean, checkRunning, checkSettled } from './invariants.ts';
import { imageOf, isGhost, members, read, unreadable, type Cluster } from './mesh.ts';
import { adoptedWorld, giveUp, newWorld, play, type Step } from './operations.ts';
import { advance, landLate, type World } from './run.ts';
import { needsIn, warmTimesEnd } from './settler.ts';

/** A person undoes edits by hand, as the message about them says. */
function undoEdits({ mesh, found }: World): void {
  for (const one of mesh.clusters.filter(({ up }) => up)) {
    if (one.route?.text === unreadable) one.route = { ...one.route, text: '' };
    if (one.route?.record.needs !== undefined) {
      // A worker that has what it needs takes over.
      const { needs: _, ...record } = one.route.record;
      one.route = { ...one.route, record };
    }
    if (one.route === null || !isGhost(one)) continue;
    // What nobody has ever run is no proven version.
    const { foreign } = read(mesh).clusters.find(({ cluster }) => cluster === one.name) ?? { foreign: [] };
    if (foreign.length === 0) found.add('edit: a proven version that nobody made is believed');
    const { record } = one.route;
    const versions = { ...record.versions, proven: one.edited, current: one.edited };
    one.route = { ...one.route, record: { ...record, versions } };
  }
}

/** Nothing goes on any more, and the settler has looked until it waits for nothing but who is lost. */
function quiesce(world: World): void {
  undoEdits(world);
  landLate(world);
  advance(world);
  landLate(world);
  giveUpLost(world);
  warmTimesEnd(world);
  giveUpLost(world);
  warmTimesEnd(world);
  checkAll(world);
}

function checkAll(world: World): void {
  const { mesh, found } = world;
  checkRunning(world);
  checkSettled(world, mesh.taken.size > 0 && needsIn(mesh).some(({ kind }) => kind === 'restore'));
  if (members(mesh).every(({ up }) => up)) checkClean(world);
  if (mesh.taken.size > 0 || world.run !== null) return;
  for (const { kind } of needsIn(mesh)) if (kind !== 'reach') found.add(`settler: it is not done: ${kind}`);
}

/** Somebody waits for a cluster that does not answer: a person gives it up, as the refusal of an abort says. */
function giveUpLost(world: World): void {
  for (let tries = 0; world.run !== null && tries < world.mesh.clusters.length; tries += 1) giveUp(world, 0);
}

/** A forward change is accepted, and ends as it should. Without clusters that are lost; only an adoption needs all. */
function goForward(world: World, version: string): void {
  const { mesh, found } = world;
  const all = members(mesh).filter(({ up }) => up);
  const lost = members(mesh).filter(({ up }) => !up);
  // Nobody can deploy a service that somebody has taken away altogether.
  if (mesh.taken.size > 0 && all.some(({ deployments }) => deployments.every(({ replicas }) => replicas === 0))) return;
  if (all.some(({ route }) => route === null || route.record.versions.proven === null)) {
    if (lost.length > 0 || differs(mesh)) return;
    if (!accepted(world, start(world, adoption(mesh)), 'adopt')) return;
    if (!finish(world, 'adopt')) return;
  }
  const without = lost.map(({ name }) => name);
  const who = without.length > 0 ? { without } : {};
  const served = all.flatMap(({ route }) => positiveNames(route?.record.topology.current));
  // Everything that calls go to is lost.
  if (served.every((name) => without.includes(name))) return;
  if (!accepted(world, start(world, { kind: 'deploy', version, image: imageOf(version), ...who }), 'deploy')) return;
  if (finish(world, 'deploy') && all.some((one) => !without.some((name) => calls(one, name)) && !proves(one, version)))
    found.add('untrue: promoted, and a cluster has not proven the version');
  warmTimesEnd(world);
  checkAll(world);
}

const calls = ({ route }: Cluster, name: string): boolean => (route?.record.topology.current?.[name] ?? 0) > 0;
const proves = ({ route }: Cluster, version: string): boolean =>
  Object.values(route?.record.versions.proven ?? {}).some((shares) => shares[version]);

function accepted({ mesh, found }: World, refused: string, what: string): boolean {
  // A person has taken it away, and is told to bring it back.
  const told = ['the proven version, is gone', 'there, which is proven', 'client clusters differ'];
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
export function findings({ adopted = true, stays = false, steps }: Sequence): ReadonlySet<string> {
  const world = adopted ? adoptedWorld() : newWorld();
  const { clusters } = world.mesh;
  play(world, steps);
  if (stays && clusters.some(({ member, up }) => member && up) && clusters.some(({ up }) => !up)) {
    quiesce(world);
    goForward(world, 'v98');
  }
  for (const one of clusters) one.up = true;
  quiesce(world);
  goForward(world, 'v99');
  return world.found;
}

export interface Sequence {
  /** Starts where a and b are adopted with v1. Default true; false: nothing is adopted yet. */
  readonly adopted?: boolean;
  /** A cluster that is lost in the end is given up, and a change goes on without it before it comes back. Default: it is back. */
  readonly stays?: boolean;
  readonly steps: readonly Step[];
}

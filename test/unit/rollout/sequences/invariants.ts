/** What holds of a mesh whatever was done to it. A finding is a rule that was broken, and how, in few words. */
import { versionIn } from '../../../../core/rollout/plan/adopted.ts';
import { isUnderWay } from '../../../../core/routing/changes.ts';
import type { RoutingRecord } from '../../../../core/routing/record.ts';
import { mainVersion, sameTraffic } from '../../../../core/routing/weights.ts';
import { WHOLE, positiveNames } from '../../../../core/values/share.ts';
import { imageOf, isGhost, key, members, type Cluster } from './mesh.ts';
import type { Run, World } from './run.ts';

const reachableVersions = ({ pin, deployments }: Cluster): string[] => [
  ...new Set(
    deployments
      .filter(({ version, replicas }) => replicas > 0 && (pin === '' || version === pin))
      .map((one) => one.version),
  ),
];

/** While anything goes on: what no moment allows. */
export function checkRunning(world: World): void {
  const { mesh, found } = world;
  // Nothing can be said of a service whose proven version was edited by hand, but that this must be found.
  if (members(mesh).some(isGhost)) return;
  for (const one of members(mesh)) {
    checkServed(world, one);
    checkOwners(one, found);
    checkBypass(world, one);
  }
}

/** Each subset with a weight has pods, of the build that its name stands for. */
function checkServed({ mesh, found, reset }: World, { route, up }: Cluster): void {
  if (route === null || !up || route.record.topology.current === null || !route.redirected) return;
  for (const serving of positiveNames(route.record.topology.current)) {
    const there = mesh.clusters.find(({ name }) => name === serving);
    for (const version of positiveNames(route.record.versions.current?.[serving])) {
      const pods = there?.deployments.find((one) => one.managed && one.version === version && one.replicas > 0);
      if (pods === undefined) {
        if (version === 'ghost' || mesh.taken.has(key(version, serving))) continue;
        found.add(`outage: a version with a weight has no pods${reset ? ' (after a reset)' : ''}`);
      } else if (pods.image !== imageOf(version))
        found.add('foreign template: a version serves with the build of another');
    }
  }
}

/** A run that has lost a record never writes it again. */
function checkOwners({ writers }: Cluster, found: Set<string>): void {
  if (new Set(writers).size < writers.length) found.add('two owners: a run writes after another one has taken over');
}

/** Whoever goes past Envoy gets what is proven; what a run under way gives to everybody else, too; or what it goes back to. */
function checkBypass({ mesh, found }: World, one: Cluster): void {
  const main = mainVersion(one.route?.record.versions.proven?.[one.name]);
  // A pin to a version that somebody took away would lead to nobody.
  if (mesh.taken.has(key(main, one.name))) return;
  const proven = positiveNames(one.route?.record.versions.proven?.[one.name]);
  if (proven.length === 0 || !one.up) return;
  // Somebody took the pin off, and nobody has looked since.
  if (one.unpinned && one.pin === '') return;
  const others = reachableVersions(one).filter((version) => !proven.includes(version) && !isTried(one, version));
  if (others.length > 0)
    found.add(`bypass: an unproven version is reachable ${one.pin === '' ? 'without a pin' : 'by the pin'}`);
}

function isTried({ route, name, pin, byHand }: Cluster, version: string): boolean {
  if (route === null || pin !== version || !isUnderWay(route.record.versions)) return false;
  const { current, previous } = route.record.versions;
  // Somebody who edits the weights in mid-run has not asked for the pin.
  return byHand || current?.[name]?.[version] === WHOLE || previous[name] === version;
}

/** A run that has ended tells the truth of what it wrote. */
export function checkOutcome({ mesh, found }: World, { id, plan, state }: Run): void {
  const clients = plan.waves.slice(0, state.touchedWaves).flatMap((wave) => wave.clients);
  for (const one of mesh.clusters) {
    const { route, name, writers, byHand } = one;
    if (route === null || !one.up || route.text !== '' || !clients.includes(name) || byHand || isGhost(one)) continue;
    const { topology, versions } = route.record;
    if (state.outcome === 'restored' && writers.at(-1) === id && !sameTraffic(versions.current, versions.proven)) {
      found.add(`untrue: restored, and a record is not back: ${halfMoved(route.record)}`);
    }
    if (state.outcome !== 'promoted') continue;
    if (versions.proven === null) found.add('untrue: promoted, and nothing is proven');
    const called = plan.waves
      .flatMap(({ serving }) => serving)
      .filter((serving) => (topology.current?.[serving] ?? 0) > 0);
    if (called.some((serving) => versions.proven?.[serving]?.[versionIn(plan, serving)] !== WHOLE)) {
      found.add('untrue: promoted, and the version is not proven where it serves');
    }
  }
}

/** When no run is open, and the settler has been there. `waits`: its restore needs what somebody has deleted, and all else the restore. */
export function checkSettled({ mesh, run, found }: World, waits: boolean): void {
  if (run !== null) {
    found.add(`stuck: a run never ends (${run.state.phase})`);
    return;
  }
  for (const { route, name, pin, up } of members(mesh)) {
    if (route === null || !up) continue;
    const { versions } = route.record;
    if (!sameTraffic(versions.current, versions.proven)) found.add(`half moved: ${halfMoved(route.record)}`);
    const main = mainVersion(versions.proven?.[name]);
    if (!waits && main !== '' && pin !== main && !mesh.taken.has(key(main, name)))
      found.add('pin: the frontend is not pinned to what is proven');
  }
}

function halfMoved({ topology, versions }: RoutingRecord): string {
  const inside = new Set([...positiveNames(topology.current), ...positiveNames(topology.proven)]);
  const within = (part: typeof versions.current): typeof versions.current =>
    part === null ? null : Object.fromEntries(Object.entries(part).filter(([name]) => inside.has(name)));
  const same = sameTraffic(within(versions.current), within(versions.proven));
  return same ? 'entries outside of the topology' : 'weights';
}

/** When the warm times are over, too: nothing is left of versions that nobody needs. */
export function checkClean({ mesh, found }: World): void {
  const all = members(mesh);
  const proven = all.flatMap(({ route }) => (route === null ? [] : provenIn(route.record)));
  if (proven.length === 0) return;
  // What callers past Envoy get is needed, too; without pin and record, that is all that runs.
  const needed = new Set([...proven, ...all.flatMap((one) => [one.pin, ...reachableVersions(one)])]);
  for (const one of all) {
    const { deployments, subsets, route } = one;
    const made = deployments.filter(({ managed }) => managed).map(({ version }) => version);
    if (made.some((version) => !needed.has(version))) found.add('leak: a Deployment that nobody needs');
    const held = deployments.filter(({ hold }) => hold !== '');
    // While what was proven has been taken away somewhere, a restore waits for a person, and all else for the restore.
    const waits = (version: string): boolean => all.some(({ name }) => mesh.taken.has(key(version, name)));
    if (held.some(({ managed, hold }) => managed && !waits(hold))) found.add('leak: a held autoscaler');
    // It waits for its cluster to be adopted again where the route is lost, and for what takes its place where that was deleted.
    const stays = route === null || mesh.taken.has(key(one.pin, one.name));
    if (!stays && held.some(({ managed, hold }) => !managed && !waits(hold)))
      found.add('leak: the held autoscaler of an original');
    if ([...subsets].some((name) => !needed.has(name.split('@')[0] ?? ''))) found.add('leak: a subset Service');
    const { current, proven } = route?.record.versions ?? { current: null, proven: null };
    const named = [current, proven].flatMap((part) =>
      Object.values(part ?? {}).flatMap((shares) => Object.keys(shares)),
    );
    if (named.some((version) => !needed.has(version))) found.add('leak: a record names a version that nobody needs');
  }
}

/** Versions that the record's own topology leads to. */
const provenIn = ({ topology, versions }: RoutingRecord): string[] =>
  positiveNames(topology.proven).flatMap((serving) => positiveNames(versions.proven?.[serving]));

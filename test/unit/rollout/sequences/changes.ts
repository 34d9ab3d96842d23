/** What people ask for, from what they see of a mesh. */
import { leftOut, type Change } from '../../../../core/rollout/change.ts';
import { planRollout } from '../../../../core/rollout/plan/versions.ts';
import { mainVersion } from '../../../../core/routing/weights.ts';
import { TidegateError } from '../../../../core/values/error.ts';
import { configOf, imageOf, members, read, type Cluster, type Mesh } from './mesh.ts';
import { openRun, type World } from './run.ts';

/** '' = accepted, and running. */
export function start(world: World, change: Change): string {
  if (world.run !== null) return 'Conflict: a rollout of this service is running';
  try {
    openRun(world, planRollout({ config: configOf(world.mesh), read: read(world.mesh, leftOut(change)), change }));
    return '';
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

/** What a person says: the version by name only where nothing runs that could tell it. */
export function adoption(mesh: Mesh): Change {
  const all = members(mesh);
  const fresh = all.filter(isFresh);
  if (fresh.some(({ deployments }) => deployments.some(({ replicas }) => replicas > 0))) return { kind: 'adopt' };
  const version = provenIn(mesh);
  return version === '' ? { kind: 'adopt' } : { kind: 'adopt', version };
}

/** The version that the first cluster has proven, or is pinned to; '' for neither. */
export function provenIn(mesh: Mesh): string {
  const known = members(mesh).flatMap(({ route }) => Object.values(route?.record.versions.proven ?? {}));
  return known.map(mainVersion).find((one) => one !== '') ?? members(mesh).find(({ pin }) => pin !== '')?.pin ?? '';
}

/** Clusters that were given back while they differed: a person brings them to one version before they are adopted again. */
export function differs(mesh: Mesh): boolean {
  const answering = members(mesh)
    .filter(isFresh)
    .flatMap(({ pin, deployments }) => {
      const running = deployments.filter(({ replicas }) => replicas > 0).map(({ version }) => version);
      return pin === '' ? running : running.filter((version) => version === pin);
    });
  return new Set(answering).size > 1 && members(mesh).every((one) => !isFresh(one) || isTold(one));
}

/** Is it said, or plain, which version answers there? */
const isTold = ({ pin, deployments }: Cluster): boolean =>
  pin !== '' || deployments.filter(({ replicas }) => replicas > 0).length < 2;

const isFresh = ({ route }: Cluster): boolean => route === null || route.record.versions.proven === null;

const versionsOf = (mesh: Mesh): string[] => [
  ...new Set(members(mesh).flatMap(({ deployments }) => deployments.map(({ version }) => version))),
];

/** A version that nobody has seen yet. */
export function newVersion({ runs }: World): Extract<Change, { kind: 'deploy' }> {
  const version = `v${String(runs + 2)}`;
  return { kind: 'deploy', version, image: imageOf(version) };
}

/** A version that is there, by its name alone or with its image. */
export function knownVersion({ mesh }: World, arg: number): Change | null {
  const known = versionsOf(mesh);
  const version = known[(arg >> 1) % Math.max(1, known.length)];
  return version === undefined ? null : { kind: 'deploy', version, ...(arg % 2 === 1 && { image: imageOf(version) }) };
}

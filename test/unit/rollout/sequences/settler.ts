/** The settler on the model: core/rollout/settled.ts says what is to be done, and it is done as workflows/settle/settler.ts does it. */
import { isSpent } from '../../../../core/rollout/settle-pace.ts';
import { isBesideRestores, isDue, needsOf, type Need } from '../../../../core/rollout/settled.ts';
import type { RoutingRecord } from '../../../../core/routing/record.ts';
import { unreachableState, type ClusterState, type VersionHere } from '../../../../core/workload/cluster-state.ts';
import { TidegateError } from '../../../../core/values/error.ts';
import * as activities from './activities.ts';
import { start } from './changes.ts';
import { clusterOf, configOf, key, members, recordOrWhyNot, type Cluster, type Mesh } from './mesh.ts';
import { advance, type World } from './run.ts';

/** The activity surveyService. */
function stateOf(one: Cluster): ClusterState {
  const { name, up, pin, deployments } = one;
  if (!up) return unreachableState(name, 'no answer');
  const { record, broken = [] } = recordOrWhyNot(one);
  const holds = deployments.filter(({ hold }) => hold !== '');
  return {
    cluster: name,
    unreachable: '',
    record,
    broken: broken[0] ?? '',
    pinned: pin,
    answering: answering(one, record),
    versions: versionsHere(one),
    holds: holds.map((held) => ({
      autoscaler: held.name,
      version: held.hold,
      on: held.managed ? held.version : '',
      replicas: held.replicas,
    })),
    originals: deployments
      .filter(({ mark }) => mark !== '')
      .map((one) => ({ deployment: one.name, version: one.mark })),
  };
}

function answering({ pin, deployments, route }: Cluster, record: RoutingRecord | null): string[] {
  const isBroken = route !== null && record === null;
  if (pin !== '' || isBroken || (record !== null && record.versions.proven !== null)) return [];
  const running = deployments.filter(({ replicas }) => replicas > 0);
  return running.every(({ managed }) => managed) ? running.map(({ version }) => version) : [];
}

function versionsHere({ name, deployments, subsets, dues }: Cluster): VersionHere[] {
  const made = deployments.filter(({ managed }) => managed).map(({ version }) => version);
  const named = [...subsets].map((one) => one.split('@')[0] ?? '');
  return [...new Set([...made, ...named])].sort().map((version) => {
    const home = subsets.has(key(version, name));
    return {
      version,
      objects: [version],
      serving: home || made.includes(version),
      due: home ? (dues[version] ?? null) : 0,
    };
  });
}

export function needsIn(mesh: Mesh): Need[] {
  const { warmMs } = configOf(mesh).service;
  const clusters = members(mesh).map(stateOf);
  return needsOf({ service: 'checkout', drift: 'repair', clusters, nowMs: mesh.nowMs, warmMs });
}

/** More than any mess takes. */
const LOOKS = 20;

/** Looks until it has nothing to do now, or waits for somebody. Its restores are runs as any other. */
export function settle(world: World): void {
  const { mesh } = world;
  let rounds = 0;
  for (let looks = 0; world.run === null; looks += 1) {
    if (looks > LOOKS)
      return void world.found.add(
        `settler: it never ends: ${needsIn(mesh)
          .map(({ kind }) => kind)
          .join(', ')}`,
      );
    const needs = needsIn(mesh);
    const unproven = rounds === 0 && world.last?.state.outcome === 'unproven';
    if (unproven || needs.some(({ kind }) => kind === 'restore')) {
      for (const need of needs.filter(isBesideRestores)) doNeed(mesh, need);
      if (isSpent(rounds) || start(world, { kind: 'restore' }) !== '') return;
      rounds += 1;
      advance(world);
    } else if (needs.filter((need) => doNeed(mesh, need)).length === 0) return;
  }
}

/** false: not now. */
function doNeed(mesh: Mesh, need: Need): boolean {
  if (!isDue(need, mesh.nowMs)) return false;
  try {
    switch (need.kind) {
      case 'pin':
        activities.pinVersion(clusterOf(mesh, need.cluster));
        return true;
      case 'free':
      case 'unmark':
        activities.freeAutoscalers(clusterOf(mesh, need.cluster), need.version);
        return true;
      case 'keep':
        activities.markDue(clusterOf(mesh, need.cluster), need.version, need.dueMs);
        return true;
      case 'retire':
        activities.retireVersion(mesh, need.version, need.keptIn);
        return true;
      case 'original': {
        const { cluster, deployment: name, version } = need;
        return activities.retireOriginal(clusterOf(mesh, cluster), { name, version });
      }
      // The model has no topology moves of a run, no pauses and no ports.
      case 'leave':
      case 'frontend':
      case 'route':
      case 'paused':
      case 'reach':
      case 'person':
      case 'restore':
        return false;
    }
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return false;
  }
}

/** The warm times are over, and the settler looks when they are due. */
export function warmTimesEnd(world: World): void {
  const { warmMs } = configOf(world.mesh).service;
  // One that nobody has spoken of yet gets its warm time at the first look.
  for (let looks = 0; looks < 2; looks += 1) {
    settle(world);
    world.mesh.nowMs += warmMs + 1;
  }
  settle(world);
}

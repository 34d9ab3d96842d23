/**
 * Clusters for tests of the settler: each has a record, versions and a pin, and the fake activities read and write them, so
 * that what a run leaves behind is there for whoever comes next. Config, locks and queries are real.
 */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { createControlActivities } from '../../activities/control/index.ts';
import type { LoadedConfig } from '../../core/config/types.ts';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import { needsOf } from '../../core/rollout/settled.ts';
import { withoutAbsence } from '../../core/routing/absence.ts';
import { mentions, pinOf, serves, withoutVersion } from '../../core/routing/changes.ts';
import { calledBy } from '../../core/routing/normal-form.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { mainVersion } from '../../core/routing/weights.ts';
import { present } from '../../core/values/json.ts';
import { WHOLE } from '../../core/values/share.ts';
import { unreachableState, type ClusterState, type Due } from '../../core/workload/cluster-state.ts';
import type { EditedRoute } from '../../core/workload/edited-route.ts';
import type { Pause } from '../../core/workload/frontend/pauses.ts';
import { controlDeps } from './control-deps.ts';
import { clusterNames, facts, record, testConfig, workload } from './facts.ts';
import { fakeWorld, type FakeWorld } from './fake-activities.ts';

interface ModelCluster {
  record: RoutingRecord;
  unreachable: string;
  /** Versions with pods, and until when. */
  versions: Record<string, Due>;
  pinned: string;
  pauses: Pause[];
  /** Somebody has edited the route. */
  edited?: EditedRoute | undefined;
}

export interface SettlingWorld extends FakeWorld {
  readonly clusters: Record<string, ModelCluster>;
  readonly config: LoadedConfig;
  /** Proven and current agree in every cluster. */
  isWhole(): boolean;
}

type Overrides = Parameters<typeof fakeWorld>[0];

/** Three clusters that serve v1. */
export function settlingWorld(service: string, overrides: Overrides = {}, warmMs = 60_000): SettlingWorld {
  const base = testConfig({ name: service, warmMs, drainMs: 1_000 });
  const clusters = Object.fromEntries(
    clusterNames.map((name): [string, ModelCluster] => [
      name,
      {
        ...{ record: record(name, { v1: WHOLE }, { service }), unreachable: '', versions: { v1: null }, pinned: 'v1' },
        pauses: [],
      },
    ]),
  );
  const at = (name: string): ModelCluster => {
    const found = clusters[name];
    if (found === undefined) throw new RangeError(`no cluster ${name}`);
    return found;
  };
  const control = createControlActivities({
    ...controlDeps,
    config: {
      load: async () => base,
      loadServices: async () => ({ mesh: base.mesh, services: [base] }),
      loadWithEvents: () => Promise.reject(new Error('not in this test')),
    },
  });
  const world = fakeWorld({ ...control, ...modelled(at), ...forAll(at), ...overrides }, service);
  return {
    ...world,
    clusters,
    config: base,
    isWhole: () =>
      Object.values(clusters).every(
        ({ record: { versions } }) => JSON.stringify(versions.current) === JSON.stringify(versions.proven),
      ),
  };
}

export function clusterIn({ clusters }: SettlingWorld, name: string): ModelCluster {
  const one = clusters[name];
  if (one === undefined) throw new RangeError(`no cluster ${name}`);
  return one;
}

/** A run that was terminated in its first step leaves that. */
export function leaveHalfMoved(world: SettlingWorld, name: string): void {
  const one = clusterIn(world, name);
  const current = { [name]: { v1: 950_000, v2: 50_000 } };
  one.record = { ...one.record, versions: { ...one.record.versions, current } };
}

function modelled(at: (name: string) => ModelCluster): Partial<RolloutActivities> {
  const move = (name: string, change: Partial<RoutingRecord['versions']>): void => {
    const one = at(name);
    one.record = { ...one.record, versions: { ...one.record.versions, ...change } };
  };
  const written = (cluster: string) => {
    const by = Context.current().info.workflowExecution?.runId ?? '';
    return { cluster, changes: [], weights: { a: WHOLE }, writtenAtMs: Date.now(), by };
  };
  return {
    readRecords: async ({ clusters }) => ({
      clusters: clusters.map(({ name }) => {
        const { record: found, versions } = at(name);
        return facts(name, { record: found, workloads: Object.keys(versions).map((version) => workload(version)) });
      }),
      epoch: Date.now(),
    }),
    prepareVersion: async ({ cluster, version, existed }) => {
      at(cluster.name).versions[version] = existed === true ? 'anew' : null;
      return { deployment: version, replicas: 2, ready: 2, templateDigest: version };
    },
    applyRouting: async ({ cluster: { name }, versions }) => {
      move(name, { current: { ...at(name).record.versions.current, ...versions } });
      return written(name);
    },
    restore: async ({ cluster: { name } }) => {
      move(name, { current: at(name).record.versions.proven });
      return { ...written(name), withdrawn: [] };
    },
    commit: async ({ cluster: { name }, serving, pin }) => {
      const { proven, current } = at(name).record.versions;
      if (serving.includes(name)) move(name, { proven: current, previous: { [name]: mainVersion(proven?.[name]) } });
      if (pin !== '') at(name).pinned = pin;
      return [];
    },
    surveyService: async ({ clusters }) => ({
      clusters: clusters.map(({ name }) => stateOf(name, at(name))),
      nowMs: Date.now(),
    }),
    pinVersion: async ({ cluster: { name } }) => {
      at(name).pinned = pinOf(at(name).record);
      return [{ object: `Service/${name}`, action: 'configured', before: '', after: at(name).pinned }];
    },
    mendFrontend: async ({ cluster: { name }, route }) => {
      if (route !== true) return [];
      at(name).edited = undefined;
      return [{ object: 'CiliumEnvoyConfig', action: 'configured', before: '', after: '' }];
    },
    keepWarm: async ({ cluster, version, dueMs }) => {
      at(cluster.name).versions[version] = dueMs;
      return [];
    },
    retireVersion: async ({ clusters, version }) => {
      const all = clusters.map(({ name }) => at(name));
      if (all.some((one) => serves(one.record, version)))
        return [{ object: version, action: 'skipped', before: '', after: '' }];
      for (const one of all) {
        if (mentions(one.record, version)) one.record = withoutVersion(one.record, version);
        one.versions = Object.fromEntries(Object.entries(one.versions).filter(([name]) => name !== version));
      }
      return [];
    },
  };
}

/** What asks after all services of the mesh: here there is one. */
const forAll = (at: (name: string) => ModelCluster): Partial<RolloutActivities> => ({
  findUnsettled: async ({ services, clusters }) =>
    services.flatMap(({ service, warmMs, drift = 'repair' }) => {
      const states = clusters.map(({ name }) => stateOf(name, at(name)));
      const needs = needsOf({ service: service.service, clusters: states, nowMs: Date.now(), warmMs, drift });
      return needs.length === 0 ? [] : [{ service, needs }];
    }),
  markPaused: async ({ cluster: { name }, services, of, pause }) => {
    if (at(name).unreachable !== '')
      throw ApplicationFailure.nonRetryable(`${name}: ${at(name).unreachable}`, 'Unavailable');
    const others = at(name).pauses.filter((one) => one.of !== of);
    at(name).pauses = pause === null ? others : [...others, { of, ...pause }];
    return services.map(({ service }) => ({ object: service, action: 'configured', before: '', after: '' }));
  },
  findNaming: async ({ services, clusters, name }) =>
    services.flatMap((service) =>
      clusters.map(({ name: cluster }) => {
        const { record: own, unreachable } = at(cluster);
        const inTopology = calledBy(own).includes(name);
        const drainedAtMs = own.topology.drained?.clusters[name]?.atMs;
        const said = { absence: own.absent?.[name] ?? null, inTopology, unread: unreachable };
        return { service, cluster, ...said, ...present({ drainedAtMs }) };
      }),
    ),
  forgetAbsent: async ({ cluster, name, atMs }) => {
    at(cluster.name).record = withoutAbsence(at(cluster.name).record, name, atMs);
    return [];
  },
});

const stateOf = (
  cluster: string,
  { record: own, unreachable, versions, pinned, pauses, edited }: ModelCluster,
): ClusterState =>
  unreachable !== ''
    ? unreachableState(cluster, unreachable)
    : {
        ...{ cluster, unreachable, record: own, broken: '', pinned, pauses, holds: [] },
        ...present({ edited }),
        versions: Object.entries(versions).map(([version, due]) => ({
          ...{ version, due, serving: true, objects: [`Deployment/${own.service}-${version}`] },
        })),
      };

/**
 * settled: what must be true of a service when no run owns it, as one pure function: facts → what is to be done.
 * Every part is proven, no autoscaler is held for a rollout that is over, and no version outlives its warm time. Doing all
 * needs, as often as there are any, leads to none. A cluster that cannot be seen is waited for; the others do not wait,
 * except where something may be taken away only once nobody anywhere can still send to it. A cluster that is half moved
 * may wait for a person: frontends and autoscalers of clusters that have no part in that are mended beside it.
 */
import { mentions, pinOf, serves } from '../routing/changes.ts';
import { isBehindIn, newestProven } from '../routing/newest-proven.ts';
import { leavingFrom } from '../routing/normal-form.ts';
import { halfMovedParts, movingIn, partField, parts, type Part } from '../routing/part.ts';
import type { RoutingRecord } from '../routing/record.ts';
import { instantText } from '../values/instant.ts';
import type { ClusterState, Hold, VersionHere } from '../workload/cluster-state.ts';
import type { DriftPolicy } from '../workload/frontend/drift-policy.ts';
import { pauseText, unpauseHint } from '../workload/frontend/pauses.ts';
import { driftsOf } from './drift.ts';
import { originalNeeds, type OriginalNeed } from './originals.ts';

export type Need = { readonly reason: string } &
  /** The cluster cannot be read now. */
  (
    | { readonly kind: 'reach'; readonly cluster: string }
    /** Only a person can mend it. */
    | { readonly kind: 'person'; readonly cluster: string }
    /** A person wants hands off: nothing is done until the pause ends. */
    | { readonly kind: 'paused'; readonly cluster: string; readonly of: 'service' | 'cluster' }
    /** Traffic is half moved in these client clusters; `without` are paused. Absent part: the versions. */
    | {
        readonly kind: 'restore';
        readonly clusters: readonly string[];
        readonly part?: Part;
        readonly without?: readonly string[];
      }
    /** This client cluster calls them no more, and its Envoys still know them. */
    | { readonly kind: 'leave'; readonly cluster: string; readonly serving: readonly string[] }
    /** Callers past Envoy get another version than the record says; '' = other Services are pinned for nothing. */
    | { readonly kind: 'pin'; readonly cluster: string; readonly version: string }
    /** The CiliumEnvoyConfig, or a Service of a subset, is not as it was written. */
    | { readonly kind: 'route'; readonly cluster: string }
    /** Port, targetPort or selector of the frontend are not the record's. */
    | { readonly kind: 'frontend'; readonly cluster: string; readonly does: 'repair' | 'adopt' }
    | { readonly kind: 'free'; readonly cluster: string; readonly version: string; readonly autoscaler: string }
    | { readonly kind: 'keep'; readonly cluster: string; readonly version: string; readonly dueMs: number }
    /** dueMs: not before, ms since the epoch; 0 = at once. */
    | {
        readonly kind: 'retire';
        readonly version: string;
        readonly dueMs: number;
        readonly objects: readonly string[];
        /** Clusters whose callers past Envoy get it: its pods stay there. */
        readonly keptIn: readonly string[];
      }
    | OriginalNeed
  );

export interface ServiceState {
  readonly service: string;
  readonly clusters: readonly ClusterState[];
  readonly nowMs: number;
  /** How long a replaced version stays ready, ms. */
  readonly warmMs: number;
  /** Parts that a run owns right now: only others are looked at, and only for what is half moved. Absent: none. */
  readonly owned?: readonly Part[];
  /** Parts that restores put back right now: what has no part in that is looked at as well. Absent: none. */
  readonly returning?: readonly Part[];
  /** What becomes of a frontend that somebody has changed. */
  readonly drift: DriftPolicy;
}

/** What is to be done, the most urgent first. Empty: the service is settled. Only asked while no run owns it. */
export function needsOf(state: ServiceState): Need[] {
  const { clusters, owned = [], returning = [] } = state;
  const paused = pauseNeeds(state);
  if (paused.some(({ of }) => of === 'service')) return paused;
  const without = paused.map(({ cluster }) => cluster);
  const open = clusters.filter(({ cluster }) => !without.includes(cluster));
  const unseen = open.flatMap(unseenNeed);
  const half = parts
    .filter((part) => !owned.includes(part) && !returning.includes(part))
    .flatMap((part) => restoreNeed(part, open, without));
  // A run may be in the use of everything.
  if (owned.length > 0) return [...half, ...unseen, ...paused];
  // What may be taken away depends on what serves: the restore settles that first.
  if (half.length > 0 || returning.length > 0) return [...half, ...unseen, ...besideNeeds(open, state), ...paused];
  return [
    ...unseen,
    ...open.flatMap(leaveNeed),
    ...open.flatMap((one) => frontendNeeds(one, state)),
    ...open.flatMap((one) => freeNeeds(one, clusters)),
    ...open.flatMap(originalNeeds),
    ...versionNeeds({ ...state, clusters: open }, { all: clusters, isBlind: unseen.length > 0 || paused.length > 0 }),
    ...paused,
  ];
}

/** Is it to be done already? What is paused never is. */
export const isDue = (need: Need, nowMs: number): boolean =>
  need.kind === 'retire' ? need.dueMs <= nowMs : need.kind !== 'paused';

/** Mending it takes nothing away, and moves no share. */
export const isBesideRestores = ({ kind }: Need): boolean => ['route', 'pin', 'frontend', 'free'].includes(kind);

/** Only where traffic is as it was proven, of its own clients and of those that call it. */
function besideNeeds(open: readonly ClusterState[], state: ServiceState): Need[] {
  const { clusters } = state;
  const records = clusters.flatMap(({ record }) => (record === null ? [] : [record]));
  const moving = new Set([...records.flatMap(movingIn), ...behindIn(clusters)]);
  const still = open.filter(({ cluster }) => !moving.has(cluster));
  return [...still.flatMap((one) => frontendNeeds(one, state)), ...still.flatMap((one) => freeNeeds(one, clusters))];
}

/** Also what is half moved stays as it is, and is told: who asks for hands off may be moving it by hand. */
function pauseNeeds({ clusters, service }: ServiceState): Extract<Need, { kind: 'paused' }>[] {
  return clusters.flatMap(({ cluster, record, pauses = [] }) => {
    const [pause] = pauses;
    if (pause === undefined) return [];
    const [moved] = record === null ? [] : halfMovedParts(record);
    const half = moved === undefined ? '' : `; half moved since ${instantText(record?.[moved].epoch ?? 0)}`;
    const reason = `${cluster}: ${pauseText(pause)}${half}; ${unpauseHint(pause, { service, cluster })}`;
    return [{ kind: 'paused', cluster, of: pause.of, reason }];
  });
}

function restoreNeed(part: Part, all: readonly ClusterState[], without: readonly string[]): Need[] {
  const half = all.filter(({ record }) => record !== null && halfMovedParts(record).includes(part));
  const moved = half.map(({ cluster }) => cluster);
  const behind = part === 'versions' ? behindIn(all) : [];
  const what = part === 'versions' ? 'current traffic differs from the proven one' : `the ${part} is half moved`;
  const why = [
    moved.length === 0 ? '' : `${moved.join(', ')}: ${what}, and no run owns it`,
    behind.length === 0 ? '' : `${behind.join(', ')}: other clients have proven more than the record says`,
  ].filter((text) => text !== '');
  if (why.length === 0) return [];
  const options = { ...partField(part), ...(without.length > 0 && { without }) };
  return [{ kind: 'restore', clusters: [...new Set([...moved, ...behind])], reason: why.join('; '), ...options }];
}

/** Clients that a commit has not reached. Whether what it proved is ready there is asked by the restore itself. */
function behindIn(clusters: readonly ClusterState[]): string[] {
  const records = clusters.flatMap(({ record }) => (record === null ? [] : [record]));
  const isSeen = (_: string, name: string): boolean =>
    clusters.some((one) => one.cluster === name && one.record !== null);
  const newest = newestProven(records, isSeen);
  return records.filter((record) => isBehindIn(record, newest).length > 0).map(({ cluster }) => cluster);
}

function leaveNeed({ cluster, record }: ClusterState): Need[] {
  const serving = record === null ? [] : leavingFrom(record);
  if (serving.length === 0) return [];
  return [{ kind: 'leave', cluster, serving, reason: `${cluster}: it calls ${serving.join(', ')} no more` }];
}

function unseenNeed({ cluster, unreachable, broken }: ClusterState): Need[] {
  if (unreachable !== '') return [{ kind: 'reach', cluster, reason: unreachable }];
  return broken === '' ? [] : [{ kind: 'person', cluster, reason: broken }];
}

function frontendNeeds(one: ClusterState, { service, drift }: ServiceState): Need[] {
  const { cluster, record, pinned } = one;
  const version = pinOf(record);
  const gone: Need[] =
    version !== '' && pinned === null
      ? [{ kind: 'person', cluster, reason: `${cluster}: the frontend Service is gone` }]
      : [];
  const given = givenBack(one, service).map((reason): Need => ({ kind: 'pin', cluster, version: '', reason }));
  const drifted = driftsOf({ ...one, service }, drift).map(({ field, text, does, fix }): Need => {
    if (does === 'ask') return { kind: 'person', cluster, reason: `${text} (${fix})` };
    if (field === 'frontend') return { kind: 'frontend', cluster, does, reason: text };
    return field === 'pin' ? { kind: 'pin', cluster, version, reason: text } : { kind: 'route', cluster, reason: text };
  });
  return [...gone, ...given.slice(0, 1), ...drifted];
}

/** Siblings that are pinned for nothing any more: after a release, or with other pods. */
function givenBack({ cluster, record, versions, siblings = [] }: ClusterState, service: string): string[] {
  const released =
    record === null && versions.every(({ objects }) => objects.every((name) => !name.startsWith('Service/')));
  return siblings
    .filter(({ alone, strayed }) => (released ? alone : record !== null && strayed) === true)
    .map(({ name }) =>
      released
        ? `${cluster}: Service ${name} is still pinned with ${service}, which is released`
        : `${cluster}: Service ${name} is still pinned with ${service}, and is no longer over its pods alone`,
    );
}

const servedAnywhere = (clusters: readonly ClusterState[], version: string): boolean =>
  clusters.some(({ record }) => record !== null && serves(record, version));

function freeNeeds(here: ClusterState, clusters: readonly ClusterState[]): Need[] {
  const { cluster, holds } = here;
  return holds
    .filter((hold) => !isHeld(hold, here, clusters))
    .map(({ autoscaler, version, kind = 'HorizontalPodAutoscaler' }) => {
      const reason = `${cluster}: ${kind} ${autoscaler} is still held for ${version}, whose rollout is over`;
      return { kind: 'free', cluster, version, autoscaler, reason };
    });
}

/** A hold keeps the replaced version at its size while it is warm: until it leaves, or serves again. */
function isHeld(
  { version, on, replicas }: Hold,
  { versions, pinned, originals, record }: ClusterState,
  all: readonly ClusterState[],
): boolean {
  // It came with a version that nothing has come to serve, and goes with it.
  if (on === version && on !== pinned && !servedAnywhere(all, version)) return true;
  // What callers past Envoy get here has not been replaced.
  if (on === version || on === pinned || !servedAnywhere(all, version)) return false;
  // An original waits for what takes its place here. One that nobody marks has none; an older worker does not say.
  if (on === '')
    return replicas > 0 && pinOf(record) !== '' && (originals?.some((one) => one.version === version) ?? true);
  return versions.some((one) => one.version === on) && !servedAnywhere(all, on);
}

interface Sight {
  /** Those that are paused, too: what they serve stays. */
  readonly all: readonly ClusterState[];
  /** A cluster cannot be seen, or is not to be touched: it may still send to what nobody else serves. */
  readonly isBlind: boolean;
}

function versionNeeds({ clusters, nowMs, warmMs }: ServiceState, { all, isBlind }: Sight): Need[] {
  const here = clusters.flatMap((one) => versionsIn(one));
  const names = [...new Set(here.map(({ version }) => version))].sort();
  const left = names
    .filter((version) => !servedAnywhere(all, version))
    .flatMap((version) => {
      const keptIn = all.filter((one) => isGot(one, version, all)).map(({ cluster }) => cluster);
      const places = here.filter((one) => one.version === version && !keptIn.includes(one.cluster));
      if (places.length === 0) return [];
      const warm = places.flatMap((one) => warmNeed(one, all, nowMs + warmMs));
      if (warm.length > 0) return warm;
      if (isBlind) return [];
      const dueMs = Math.max(0, ...places.map(({ due }) => (typeof due === 'number' ? due : 0)));
      const objects = places.flatMap((one) => one.objects.map((name) => `${one.cluster}: ${name}`));
      const since = dueMs === 0 ? '' : ', and its warm time ends';
      const reason = `nothing serves ${version}${since}`;
      return [{ kind: 'retire', version, dueMs, objects, keptIn, reason } satisfies Need];
    });
  const gone = left.some(({ kind }) => kind === 'retire') ? goneNeeds(all) : [];
  return gone.length === 0 ? left : [...left.filter(({ kind }) => kind !== 'retire'), ...gone];
}

/** Clusters that were given up, and that the mesh no longer names: nobody will ever see what their Envoys send to. */
function goneNeeds(clusters: readonly ClusterState[]): Need[] {
  const absent = new Map(clusters.flatMap(({ record }) => Object.entries(record?.absent ?? {})));
  return [...absent]
    .filter(([name]) => clusters.every(({ cluster }) => cluster !== name))
    .map(([cluster, { atMs, reason }]) => ({
      kind: 'person',
      cluster,
      reason: `${cluster} was given up at ${instantText(atMs)} (${reason}), and the mesh names it no more: what its Envoys may still call stays ready (tidegate cluster forget ${cluster})`,
    }));
}

type Place = VersionHere & { readonly cluster: string };

/**
 * Do callers past Envoy get it here? Where neither record nor pin says so, every running version answers; what another
 * cluster serves is the one that is meant then, and where none is, nobody can tell.
 */
function isGot({ pinned, answering = [] }: ClusterState, version: string, clusters: readonly ClusterState[]): boolean {
  if (pinned === version) return true;
  const isMeant = (one: string): boolean =>
    servedAnywhere(clusters, one) || clusters.some((other) => other.pinned === one);
  return answering.includes(version) && (isMeant(version) || !answering.some(isMeant));
}

/** Versions with something here: objects, or a word in the record. */
function versionsIn({ cluster, versions, record }: ClusterState): Place[] {
  const made = versions.map((one) => ({ ...one, cluster }));
  const named = record === null ? [] : namedIn(record).filter((name) => !made.some(({ version }) => version === name));
  const bare = named.map((version): Place => ({ version, cluster, objects: [], serving: false, due: null }));
  return [...made, ...bare];
}

const namedIn = (record: RoutingRecord): string[] => {
  const parts = [record.versions.current, record.versions.proven];
  const names = parts.flatMap((part) => Object.values(part ?? {}).flatMap((shares) => Object.keys(shares)));
  return [...new Set(names)].filter((name) => mentions(record, name));
};

/** Nobody has said until when it stays: the version that undo goes back to, and one that was there before its last run. */
function warmNeed({ version, cluster, serving, due }: Place, clusters: readonly ClusterState[], dueMs: number): Need[] {
  if (!serving || typeof due === 'number') return [];
  const isPrevious = clusters.some(({ record }) => record?.versions.previous[cluster] === version);
  if (due !== 'anew' && !isPrevious) return [];
  return [{ kind: 'keep', cluster, version, dueMs, reason: `${cluster}: ${version} stays ready for its warm time` }];
}

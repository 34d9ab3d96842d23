/**
 * settled: what must be true of a service when no run owns it, as one pure function: facts → what is to be done.
 * Every part is proven, no autoscaler is held for a rollout that is over, and no version outlives its warm time. Doing all
 * needs, as often as there are any, leads to none. A cluster that cannot be seen is waited for; the others do not wait,
 * except where something may be taken away only once nobody anywhere can still send to it.
 */
import { mentions, pinOf, serves } from '../routing/changes.ts';
import { leavingFrom } from '../routing/normal-form.ts';
import { halfMovedParts, parts, type Part } from '../routing/part.ts';
import type { RoutingRecord } from '../routing/record.ts';
import type { ClusterState, Hold, VersionHere } from '../workload/cluster-state.ts';

export type Need = { readonly reason: string } &
  /** The cluster cannot be read now. */
  (
    | { readonly kind: 'reach'; readonly cluster: string }
    /** Only a person can mend it. */
    | { readonly kind: 'person'; readonly cluster: string }
    /** Traffic is half moved in these client clusters. Absent part: the versions. */
    | { readonly kind: 'restore'; readonly clusters: readonly string[]; readonly part?: Part }
    /** This client cluster calls them no more, and its Envoys still know them. */
    | { readonly kind: 'leave'; readonly cluster: string; readonly serving: readonly string[] }
    /** Callers past Envoy get another version than the record says. */
    | { readonly kind: 'pin'; readonly cluster: string; readonly version: string }
    | { readonly kind: 'free'; readonly cluster: string; readonly version: string; readonly autoscaler: string }
    | { readonly kind: 'keep'; readonly cluster: string; readonly version: string; readonly dueMs: number }
    /** dueMs: not before, ms since the epoch; 0 = at once. */
    | { readonly kind: 'retire'; readonly version: string; readonly dueMs: number; readonly objects: readonly string[] }
  );

export interface ServiceState {
  readonly clusters: readonly ClusterState[];
  readonly nowMs: number;
  /** How long a replaced version stays ready, ms. */
  readonly warmMs: number;
  /** Parts that a run owns right now: only others are looked at, and only for what is half moved. Absent: none. */
  readonly owned?: readonly Part[];
}

/** What is to be done, the most urgent first. Empty: the service is settled. Only asked while no run owns it. */
export function needsOf(state: ServiceState): Need[] {
  const { clusters, owned = [] } = state;
  const unseen = clusters.flatMap(unseenNeed);
  const half = parts.filter((part) => !owned.includes(part)).flatMap((part) => restoreNeed(part, clusters));
  // Everything else depends on what serves: the restore settles that first, and so does a run.
  if (half.length > 0 || owned.length > 0) return [...half, ...unseen];
  return [
    ...unseen,
    ...clusters.flatMap(leaveNeed),
    ...clusters.flatMap(pinNeed),
    ...clusters.flatMap((one) => freeNeeds(one, clusters)),
    ...versionNeeds(state, unseen.length > 0),
  ];
}

/** Is it to be done already? */
export const isDue = (need: Need, nowMs: number): boolean => need.kind !== 'retire' || need.dueMs <= nowMs;

function restoreNeed(part: Part, all: readonly ClusterState[]): Need[] {
  const half = all.filter(({ record }) => record !== null && halfMovedParts(record).includes(part));
  const clusters = half.map(({ cluster }) => cluster);
  if (clusters.length === 0) return [];
  const what = part === 'versions' ? 'current traffic differs from the proven one' : `the ${part} is half moved`;
  const reason = `${clusters.join(', ')}: ${what}, and no run owns it`;
  return [{ kind: 'restore', clusters, reason, ...(part !== 'versions' && { part }) }];
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

function pinNeed({ cluster, record, pinned }: ClusterState): Need[] {
  const version = pinOf(record);
  if (version === '' || pinned === version) return [];
  if (pinned === null) return [{ kind: 'person', cluster, reason: `${cluster}: the frontend Service is gone` }];
  const now = pinned === '' ? 'pinned to no version' : `pinned to ${pinned}`;
  return [{ kind: 'pin', cluster, version, reason: `${cluster}: the frontend is ${now}, the record says ${version}` }];
}

const servedAnywhere = (clusters: readonly ClusterState[], version: string): boolean =>
  clusters.some(({ record }) => record !== null && serves(record, version));

function freeNeeds({ cluster, holds, versions }: ClusterState, clusters: readonly ClusterState[]): Need[] {
  return holds
    .filter((hold) => !isHeld(hold, versions, clusters))
    .map(({ autoscaler, version }) => {
      const reason = `${cluster}: HorizontalPodAutoscaler ${autoscaler} is still held for ${version}, whose rollout is over`;
      return { kind: 'free', cluster, version, autoscaler, reason };
    });
}

/** A hold keeps the replaced version at its size while it is warm: until it leaves, or serves again. */
function isHeld(
  { version, on, replicas }: Hold,
  versions: readonly VersionHere[],
  all: readonly ClusterState[],
): boolean {
  if (on === version || !servedAnywhere(all, version)) return false;
  if (on === '') return replicas > 0;
  return versions.some((one) => one.version === on) && !servedAnywhere(all, on);
}

function versionNeeds({ clusters, nowMs, warmMs }: ServiceState, someUnseen: boolean): Need[] {
  const here = clusters.flatMap((one) => versionsIn(one));
  const names = [...new Set(here.map(({ version }) => version))].sort();
  return names
    .filter((version) => !servedAnywhere(clusters, version))
    .flatMap((version) => {
      const places = here.filter((one) => one.version === version);
      const warm = places.flatMap((one) => warmNeed(one, clusters, nowMs + warmMs));
      if (warm.length > 0) return warm;
      // One that is not seen may still send to it.
      if (someUnseen) return [];
      const dueMs = Math.max(0, ...places.map(({ due }) => (typeof due === 'number' ? due : 0)));
      const objects = places.flatMap((one) => one.objects.map((name) => `${one.cluster}: ${name}`));
      const since = dueMs === 0 ? '' : ', and its warm time ends';
      return [{ kind: 'retire', version, dueMs, objects, reason: `nothing serves ${version}${since}` } satisfies Need];
    });
}

type Place = VersionHere & { readonly cluster: string };

/** Versions with something left here: objects, or a word in the record. What callers past Envoy get is never left over. */
function versionsIn({ cluster, versions, record, pinned }: ClusterState): Place[] {
  const made = versions.map((one) => ({ ...one, cluster }));
  const named = record === null ? [] : namedIn(record).filter((name) => !made.some(({ version }) => version === name));
  const bare = named.map((version): Place => ({ version, cluster, objects: [], serving: false, due: null }));
  return [...made, ...bare].filter(({ version }) => version !== pinned);
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

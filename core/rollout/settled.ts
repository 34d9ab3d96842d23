/**
 * settled: what must be true of a service when no run owns it, as one pure function: facts → what is to be done.
 * Every part is proven, no autoscaler is held for a rollout that is over, and no version outlives its warm time. Doing all
 * needs, as often as there are any, leads to none. A cluster that cannot be seen is waited for; the others do not wait,
 * except where something may be taken away only once nobody anywhere can still send to it.
 */
import { mentions, pinOf, serves } from '../routing/changes.ts';
import { isBehindIn, newestProven } from '../routing/newest-proven.ts';
import { inNormalForm } from '../routing/normal-form.ts';
import type { RoutingRecord } from '../routing/record.ts';
import { sameTraffic } from '../routing/weights.ts';
import type { ClusterState, Hold, VersionHere } from '../workload/cluster-state.ts';

export type Need = { readonly reason: string } &
  /** The cluster cannot be read now. */
  (
    | { readonly kind: 'reach'; readonly cluster: string }
    /** Only a person can mend it. */
    | { readonly kind: 'person'; readonly cluster: string }
    /** Traffic is half moved in these client clusters. */
    | { readonly kind: 'restore'; readonly clusters: readonly string[] }
    /** Callers past Envoy get another version than the record says. */
    | { readonly kind: 'pin'; readonly cluster: string; readonly version: string }
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
  );

export interface ServiceState {
  readonly clusters: readonly ClusterState[];
  readonly nowMs: number;
  /** How long a replaced version stays ready, ms. */
  readonly warmMs: number;
}

/** What is to be done, the most urgent first. Empty: the service is settled. Only asked while no run owns it. */
export function needsOf(state: ServiceState): Need[] {
  const { clusters } = state;
  const unseen = clusters.flatMap(unseenNeed);
  const back = backNeeds(clusters);
  // Everything else depends on what serves: the restore settles that first.
  if (back.length > 0) return [...back, ...unseen];
  return [
    ...unseen,
    ...clusters.flatMap(pinNeed),
    ...clusters.flatMap((one) => freeNeeds(one, clusters)),
    ...versionNeeds(state, unseen.length > 0),
  ];
}

/** Is it to be done already? */
export const isDue = (need: Need, nowMs: number): boolean => need.kind !== 'retire' || need.dueMs <= nowMs;

/** Entries of clusters that this client does not call move nothing. */
const halfMoved = (record: RoutingRecord): boolean => {
  const { versions } = inNormalForm(record);
  return !sameTraffic(versions.current, versions.proven);
};

function backNeeds(clusters: readonly ClusterState[]): Need[] {
  const records = clusters.flatMap(({ record }) => (record === null ? [] : [record]));
  const half = records.filter(halfMoved).map(({ cluster }) => cluster);
  // Whether it is ready there is asked by the restore itself.
  const isSeen = (_: string, name: string): boolean =>
    clusters.some((one) => one.cluster === name && one.record !== null);
  const newest = newestProven(records, isSeen);
  const behind = records.filter((record) => isBehindIn(record, newest).length > 0).map(({ cluster }) => cluster);
  const why = [
    half.length === 0 ? '' : `${half.join(', ')}: current traffic differs from the proven one, and no run owns it`,
    behind.length === 0 ? '' : `${behind.join(', ')}: other clients have proven more than the record says`,
  ].filter((text) => text !== '');
  if (why.length === 0) return [];
  return [{ kind: 'restore', clusters: [...new Set([...half, ...behind])], reason: why.join('; ') }];
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

function freeNeeds(here: ClusterState, clusters: readonly ClusterState[]): Need[] {
  const { cluster, holds } = here;
  return holds
    .filter((hold) => !isHeld(hold, here, clusters))
    .map(({ autoscaler, version }) => {
      const reason = `${cluster}: HorizontalPodAutoscaler ${autoscaler} is still held for ${version}, whose rollout is over`;
      return { kind: 'free', cluster, version, autoscaler, reason };
    });
}

/** A hold keeps the replaced version at its size while it is warm: until it leaves, or serves again. */
function isHeld(
  { version, on, replicas }: Hold,
  { versions, pinned }: ClusterState,
  all: readonly ClusterState[],
): boolean {
  // What callers past Envoy get here has not been replaced.
  if (on === version || on === pinned || !servedAnywhere(all, version)) return false;
  if (on === '') return replicas > 0;
  return versions.some((one) => one.version === on) && !servedAnywhere(all, on);
}

function versionNeeds({ clusters, nowMs, warmMs }: ServiceState, someUnseen: boolean): Need[] {
  const here = clusters.flatMap((one) => versionsIn(one));
  const names = [...new Set(here.map(({ version }) => version))].sort();
  return names
    .filter((version) => !servedAnywhere(clusters, version))
    .flatMap((version) => {
      const keptIn = clusters.filter((one) => isGot(one, version, clusters)).map(({ cluster }) => cluster);
      const places = here.filter((one) => one.version === version && !keptIn.includes(one.cluster));
      if (places.length === 0) return [];
      const warm = places.flatMap((one) => warmNeed(one, clusters, nowMs + warmMs));
      if (warm.length > 0) return warm;
      // One that is not seen may still send to it.
      if (someUnseen) return [];
      const dueMs = Math.max(0, ...places.map(({ due }) => (typeof due === 'number' ? due : 0)));
      const objects = places.flatMap((one) => one.objects.map((name) => `${one.cluster}: ${name}`));
      const since = dueMs === 0 ? '' : ', and its warm time ends';
      const reason = `nothing serves ${version}${since}`;
      return [{ kind: 'retire', version, dueMs, objects, keptIn, reason } satisfies Need];
    });
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

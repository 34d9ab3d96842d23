/** One service in one cluster, as far as settling it goes: its record, and everything there that Tidegate made or holds. */
import { annotations, labels } from '../kube/labels.ts';
import type { Autoscaler, Deployment, EnvoyConfig, KubeObject, ScaledObject, Service } from '../kube/objects.ts';
import { fieldManager, isOwned } from '../kube/ownership.ts';
import { pinOf } from '../routing/changes.ts';
import { cecName } from '../routing/names.ts';
import type { Frontend, RoutingRecord } from '../routing/record.ts';
import type { ServiceRef } from '../routing/service-ref.ts';
import { present } from '../values/json.ts';
import { scalersOf } from './capacity/scalers.ts';
import { frontendOf, frontendSigns, pinnedTo, workloadsOf } from './cluster-facts.ts';
import { repairsOf, type Repairs } from './frontend/fights.ts';
import { editedRoute, type EditedRoute } from './edited-route.ts';
import type { FrontendSigns } from './frontend/frontend-signs.ts';
import { pausesOf, type Pause } from './frontend/pauses.ts';
import { originalOf } from './originals.ts';
import { routedBy } from './routed-port.ts';
import { isPinnedWith, recordedFrontend, siblingPins, siblingsToGiveBack } from './second-services.ts';
import { usableRecord } from './unmade.ts';

/** Until when a version stays ready without traffic: a time (ms since the epoch; 0 = no longer); `anew`: its warm time begins when it is without; null: nobody has said. */
export type Due = number | 'anew' | null;

export interface VersionHere {
  readonly version: string;
  /** Names of what Tidegate made for it here: a Deployment, Services. */
  readonly objects: readonly string[];
  /** Does this cluster serve it? (false: there are only stubs of it.) */
  readonly serving: boolean;
  readonly due: Due;
}

export interface Hold {
  readonly autoscaler: string;
  /** Absent: a HorizontalPodAutoscaler. */
  readonly kind?: string;
  /** The version whose rollout holds it. */
  readonly version: string;
  /** The version that the held Deployment runs; '' = a Deployment that Tidegate did not make. */
  readonly on: string;
  /** Replicas that the held Deployment is to have. */
  readonly replicas: number;
}

export interface ClusterState {
  readonly cluster: string;
  /** '' when reachable; else why not. */
  readonly unreachable: string;
  readonly record: RoutingRecord | null;
  /** Why the record there cannot be used; '' = it can, or there is none. */
  readonly broken: string;
  /** Version that the frontend's selector is pinned to; '' = none; null: there is no frontend. */
  readonly pinned: string | null;
  /** Versions of ours that alone answer the frontend where neither a record nor a pin says which. Absent: none, or read by an older worker. */
  readonly answering?: readonly string[];
  readonly versions: readonly VersionHere[];
  readonly holds: readonly Hold[];
  /** null: there is none. This and what follows is absent where an older worker has looked. */
  readonly frontend?: (Frontend & FrontendSigns) | null;
  readonly repairs?: Repairs;
  readonly pauses?: readonly Pause[];
  /** Other Services that Tidegate has pinned with the frontend, or is to. Absent: none, or read by an older worker. */
  readonly siblings?: readonly PinnedSibling[];
  /** Deployments that an adoption has marked. */
  readonly originals?: readonly Original[];
  /** What was written for the record is no longer so. Absent: it is, or nobody can say. */
  readonly edited?: EditedRoute;
  /** A drain has told cluster mesh to give the pods of this cluster to nobody. */
  readonly unshared?: true;
}

export interface PinnedSibling {
  readonly name: string;
  /** '' = somebody has taken its pin off. */
  readonly pinned: string;
  /** Field manager that wrote its selector last; '' = nobody says. */
  readonly by: string;
  readonly repairs: Repairs;
  /** Tidegate has not pinned it yet. */
  readonly unmarked?: true;
  /** It is no sibling any more: it has other pods now, or takes no pin. */
  readonly strayed?: true;
  /** Without the pin it would reach pods of no other version. */
  readonly alone?: true;
}

export interface Original {
  readonly deployment: string;
  /** The version that was to take its place. */
  readonly version: string;
}

/** Of one namespace of a cluster. */
export interface NamespaceObjects {
  readonly services: readonly Service[];
  readonly deployments: readonly Deployment[];
  readonly autoscalers: readonly Autoscaler[];
  /** KEDA's. Absent: none. */
  readonly scaledObjects?: readonly ScaledObject[];
  readonly routes: readonly EnvoyConfig[];
}

export const unreachableState = (cluster: string, why: string): ClusterState => ({
  ...{ cluster, unreachable: why, record: null, broken: '', pinned: null, versions: [], holds: [] },
});

export function clusterState(
  { cluster, service }: { readonly cluster: string; readonly service: ServiceRef },
  objects: NamespaceObjects,
): ClusterState {
  const own = (one: KubeObject): boolean =>
    isOwned(one, service.installation) && one.metadata.labels?.[labels.service] === service.service;
  const route = objects.routes.find(({ metadata }) => metadata.name === cecName(service.service));
  const frontend = objects.services.find(({ metadata }) => metadata.name === service.service);
  const foreign = route === undefined || !isOwned(route, service.installation);
  const { deployments } = objects;
  const read = foreign ? { record: null, broken: '' } : usableRecord(route, { cluster, deployments });
  const by = routedBy(read.record, service);
  const edited = foreign || read.record === null ? null : editedRoute(read.record, { ...objects, route });
  const pinned = frontend === undefined ? null : pinnedTo(frontend);
  const isSaid = pinned !== '' || read.broken !== '' || (read.record !== null && read.record.versions.proven !== null);
  return {
    cluster,
    unreachable: '',
    ...read,
    pinned,
    answering: frontend === undefined || isSaid ? [] : answeringBehind(frontend, objects.deployments, own),
    versions: versionsHere(cluster, objects.services.filter(own), objects.deployments.filter(own)),
    holds: holdsOf(service.service, objects),
    frontend:
      frontend === undefined
        ? null
        : { ...frontendOf(frontend, by), ...frontendSigns(frontend, objects.deployments.filter(own), by) },
    ...(frontend !== undefined && { repairs: repairsOf(frontend) }),
    ...(frontend?.metadata.annotations?.[annotations.unshared] !== undefined && { unshared: true as const }),
    pauses: pausesOf(service.service, objects.services),
    ...(edited !== null && { edited }),
    ...present({ siblings: siblingsOf(service, objects, { live: frontend ?? null, record: read.record }) }),
    originals: objects.deployments.flatMap((one) => {
      const version = originalOf(one, service.service);
      return version === null ? [] : [{ deployment: one.metadata.name, version }];
    }),
  };
}

function siblingsOf(
  { service: name, namespace }: ServiceRef,
  { services, deployments }: NamespaceObjects,
  { live, record }: { readonly live: Service | null; readonly record: RoutingRecord | null },
): readonly PinnedSibling[] | undefined {
  const version = pinOf(record);
  const frontend = recordedFrontend(live, record, { name, namespace });
  const pins = version === '' || frontend === null ? [] : siblingPins({ frontend, services, deployments }, version);
  const toPin = new Set(pins.map(({ sibling }) => sibling));
  const strayed = new Set(pins.filter((one) => one.version === '').map(({ sibling }) => sibling));
  // Nothing is told of a pin that nobody would write: it would be needed for ever.
  const isTold = (one: Service): boolean =>
    toPin.has(one) || (isPinnedWith(one, name) && (version === '' || pinnedTo(one) === version));
  const told = services.filter(isTold);
  if (told.length === 0) return undefined;
  const alone = siblingsToGiveBack(name, { services, deployments });
  return told.map((one) => ({
    name: one.metadata.name,
    pinned: pinnedTo(one),
    by: fieldManager(one, 'selector'),
    repairs: repairsOf(one),
    ...(!isPinnedWith(one, name) && { unmarked: true as const }),
    ...(strayed.has(one) && { strayed: true as const }),
    ...(alone.includes(one) && { alone: true as const }),
  }));
}

const versionOfObject = ({ metadata }: KubeObject): string => metadata.labels?.[labels.subsetVersion] ?? '';

function versionsHere(
  cluster: string,
  services: readonly Service[],
  deployments: readonly Deployment[],
): VersionHere[] {
  const all: readonly KubeObject[] = [...deployments, ...services];
  const names = [...new Set(all.map(versionOfObject))].filter((name) => name !== '').sort();
  return names.map((version) => {
    const objects = all.filter((one) => versionOfObject(one) === version);
    const home = services.find(
      (one) => versionOfObject(one) === version && one.metadata.labels?.[labels.cluster] === cluster,
    );
    const serving = home !== undefined || deployments.some((one) => versionOfObject(one) === version);
    // Without its own Service there is nothing to write a time on, and nothing that could be called again.
    const due = home === undefined ? 0 : dueOf(home.metadata.annotations?.[annotations.due]);
    return { version, objects: objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort(), serving, due };
  });
}

function dueOf(text: string | undefined): Due {
  if (text === undefined) return null;
  const ms = Number(text);
  return Number.isSafeInteger(ms) && ms > 0 ? ms : 'anew';
}

/** Beside a Deployment that Tidegate did not make, ours are no more than left over. */
function answeringBehind(
  frontend: Service,
  deployments: readonly Deployment[],
  own: (one: KubeObject) => boolean,
): string[] {
  const running = workloadsOf(frontend, deployments).filter(({ spec }) => spec.replicas !== 0);
  return running.every(own) ? running.map(versionOfObject) : [];
}

function holdsOf(service: string, { autoscalers, scaledObjects = [], deployments }: NamespaceObjects): Hold[] {
  return scalersOf(autoscalers, scaledObjects).flatMap(({ object, held, deployment }) => {
    if (held === null || held.service !== service) return [];
    const target = deployments.find(({ metadata }) => metadata.name === deployment);
    return [
      {
        autoscaler: object.metadata.name,
        ...(object.kind !== 'HorizontalPodAutoscaler' && { kind: object.kind }),
        version: held.for,
        on: target === undefined ? '' : versionOfObject(target),
        replicas: target === undefined ? 0 : (target.spec.replicas ?? 1),
      },
    ];
  });
}

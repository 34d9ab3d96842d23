/** Reads and writes routing records: the annotation of the service's CiliumEnvoyConfig, and the objects that it asks for. */
import { kinds } from '../core/kube/kinds.ts';
import { labels } from '../core/kube/labels.ts';
import type { ObjectChange } from '../core/kube/object-change.ts';
import type { EnvoyConfig, Service, Manifest } from '../core/kube/objects.ts';
import { assertOwned } from '../core/kube/ownership.ts';
import { type DesiredRecord, renderChecked } from '../core/render/checked.ts';
import type { ApplyRoutingResult } from '../core/routing/changes.ts';
import { recordIn } from '../core/routing/found-record.ts';
import { cecName } from '../core/routing/names.ts';
import type { RoutingRecord } from '../core/routing/record.ts';
import type { ServiceRef } from '../core/routing/service-ref.ts';
import { weightsOf } from '../core/routing/weights.ts';
import { refuse, TidegateError } from '../core/values/error.ts';
import { applyObject, ensureObject } from '../platform/kube/apply-objects.ts';
import type { KubeCluster } from '../platform/kube/clusters.ts';

export interface FoundRecord {
  /** The object as read; null when it is not there. */
  readonly route: EnvoyConfig | null;
  readonly record: RoutingRecord | null;
  /** Do calls to the frontend go through Envoy? */
  readonly redirected: boolean;
}

export interface RecordAt {
  readonly cluster: KubeCluster;
  readonly service: ServiceRef;
}

/** Another installation's record is an error; a CiliumEnvoyConfig of ours without a record is an unfinished creation. */
export async function findRecord({ cluster, service }: RecordAt): Promise<FoundRecord> {
  const name = cecName(service.service);
  const route = await cluster.get<EnvoyConfig>(kinds.envoyConfig, { namespace: service.namespace, name });
  if (route === null) return { route, record: null, redirected: false };
  assertOwned(route, { cluster: cluster.name, installation: service.installation });
  return { route, record: recordIn(route, cluster.name), redirected: (route.spec?.services ?? []).length > 0 };
}

export const whereIs = ({ cluster, service }: RecordAt): string =>
  `${cluster.name}/${service.namespace}/${service.service}`;

/** A run has written the record before, and it is gone. */
export function refuseLost(at: RecordAt): never {
  refuse(
    'Invalid',
    `${whereIs(at)} has no routing record any more: its CiliumEnvoyConfig was deleted in mid-run`,
    `callers go past Envoy, and get what the frontend is pinned to; take it under Tidegate again: tidegate adopt ${at.service.service}`,
  );
}

export interface WrittenRecord {
  readonly record: RoutingRecord;
  readonly changes: readonly ObjectChange[];
}

/** Losing against another writer that often in a row means that somebody writes in a loop. */
const ATTEMPTS = 5;

/**
 * Read, change, write under the resourceVersion that was read; on a conflict again from the start. Services come first:
 * killed in between, the next run finds them there and goes on. null from `change`: leave everything as it is.
 */
export async function updateRecord(
  at: RecordAt,
  change: (found: FoundRecord) => DesiredRecord | null | Promise<DesiredRecord | null>,
): Promise<WrittenRecord | null> {
  for (let attempt = 1; ; attempt += 1) {
    const found = await findRecord(at);
    const wanted = await change(found);
    if (wanted === null) return null;
    const objects = renderChecked(wanted);
    try {
      return { record: wanted.record, changes: await writeObjects(at, { objects, found, wanted }) };
    } catch (error) {
      const conflict = error instanceof TidegateError && error.code === 'Conflict';
      if (!conflict || attempt === ATTEMPTS) throw error;
    }
  }
}

interface Writing {
  readonly objects: readonly Manifest[];
  readonly found: FoundRecord;
  readonly wanted: DesiredRecord;
}

/** What is there is read by name: a list takes ten times as long, and what is no longer wanted is retireVersion's. */
async function writeObjects(
  { cluster, service }: RecordAt,
  { objects, found, wanted }: Writing,
): Promise<readonly ObjectChange[]> {
  const { installation } = service;
  const services = objects.filter((one) => one.kind === 'Service');
  const written = await Promise.allSettled(
    services.map((desired) => ensureObject(cluster, desired, { installation, compare: 'exact' })),
  );
  const failed = written.find((one) => one.status === 'rejected');
  if (failed !== undefined && wanted.routeAnyway !== true) throw failed.reason;
  const changes = written.flatMap((one) => (one.status === 'fulfilled' ? [one.value.change] : []));
  for (const route of objects.filter((one) => one.kind === 'CiliumEnvoyConfig')) {
    changes.push((await applyObject(cluster, route, { installation, live: found.route, compare: 'exact' })).change);
  }
  if (failed !== undefined) throw failed.reason;
  return changes;
}

/** Subset Services of the service in this cluster, stubs and serving ones. */
export function subsetServices({ cluster, service }: RecordAt, version?: string): Promise<readonly Service[]> {
  const of = { [labels.owner]: service.installation, [labels.service]: service.service };
  const wanted = version === undefined ? of : { ...of, [labels.subsetVersion]: version };
  const pairs = Object.entries(wanted).map(([key, value]) => `${key}=${value}`);
  const labelSelector = version === undefined ? [...pairs, labels.subsetVersion].join(',') : pairs.join(',');
  return cluster.list<Service>(kinds.service, service.namespace, { labelSelector });
}

/** Expected weight by Envoy stat name, ppm. */
export const statWeights = (record: RoutingRecord): ApplyRoutingResult['weights'] =>
  Object.fromEntries(weightsOf(record, 'current').map(({ statName, weight }) => [statName, weight]));

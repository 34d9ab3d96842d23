/**
 * The pin: `app.kubernetes.io/version=<proven>` in the frontend Service's selector. Whoever goes past Envoy (ingress
 * proxies that dial pods, connections older than the CiliumEnvoyConfig, a lost one) then always gets the proven version.
 */
import { kinds } from '../../core/kube/kinds.ts';
import { labels } from '../../core/kube/labels.ts';
import type { ObjectChange } from '../../core/kube/object-change.ts';
import type { Service, ServicePort } from '../../core/kube/objects.ts';
import { subsetName } from '../../core/routing/names.ts';
import { TidegateError } from '../../core/values/error.ts';
import { present } from '../../core/values/json.ts';
import { pinnedTo } from '../../core/workload/cluster-facts.ts';
import type { RecordAt } from '../record-store.ts';
import { readFrontend, readyEndpoints } from './workloads.ts';

/** A pin to a version without pods would leave whoever goes past Envoy with nobody to answer. */
export async function assertReady(at: RecordAt, version: string): Promise<void> {
  const { namespace, service } = at.service;
  const subset = subsetName({ namespace, service, version, cluster: at.cluster.name });
  if ((await readyEndpoints(at.cluster, namespace, subset)) > 0) return;
  throw new TidegateError(
    'NotYet',
    `${at.cluster.name}/${namespace}/Service/${subset}: no ready endpoint of ${service} ${version} yet`,
  );
}

/**
 * A merge patch, not server-side apply: Kubernetes treats a Service's selector as one value, so applying our key would
 * claim the user's keys with it. The resourceVersion guards what we have read; a conflict is retried.
 */
export async function pinTo(at: RecordAt, frontend: Service, version: string): Promise<ObjectChange> {
  const before = pinnedTo(frontend);
  if (before === version)
    return { object: `Service/${frontend.metadata.name}`, action: 'unchanged', before, after: version };
  const change = await patchFrontend(at, frontend, { spec: { selector: { [labels.version]: version } } });
  return { ...change, before, after: version };
}

/** As it is now. */
export const pinFrontend = async (at: RecordAt, version: string): Promise<ObjectChange> =>
  pinTo(at, await readFrontend(at), version);

export interface FrontendPatch {
  readonly annotations?: Readonly<Record<string, string | null>>;
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string | null>>;
    readonly ports?: readonly ServicePort[];
  };
}

/** On the frontend as it was read. */
export async function patchFrontend(
  { cluster }: RecordAt,
  { metadata }: Service,
  { annotations, spec }: FrontendPatch,
): Promise<ObjectChange> {
  const { name, namespace, resourceVersion } = metadata;
  const patch = { metadata: { resourceVersion, ...present({ annotations }) }, ...present({ spec }) };
  await cluster.patch(kinds.service, { namespace, name }, patch);
  return { object: `Service/${name}`, action: 'configured', before: '', after: '' };
}

/**
 * The pin: `app.kubernetes.io/version=<proven>` in the frontend Service's selector. Whoever goes past Envoy (ingress
 * proxies that dial pods, connections older than the CiliumEnvoyConfig, a lost one) then always gets the proven version.
 */
import { labels } from '../../../core/kube/labels.ts';
import type { ObjectChange } from '../../../core/kube/object-change.ts';
import type { Service } from '../../../core/kube/objects.ts';
import { subsetName } from '../../../core/routing/names.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { pinnedTo } from '../../../core/workload/cluster-facts.ts';
import type { RecordAt } from '../../record-store.ts';
import { readFrontend, readyEndpoints } from '../workloads.ts';
import { patchService } from './service-patch.ts';
import { pinSiblings } from './sibling-pins.ts';

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

export async function pinTo(at: RecordAt, frontend: Service, version: string): Promise<ObjectChange> {
  const before = pinnedTo(frontend);
  if (before === version)
    return { object: `Service/${frontend.metadata.name}`, action: 'unchanged', before, after: version };
  const change = await patchService(at, frontend, { spec: { selector: { [labels.version]: version } } });
  return { ...change, before, after: version };
}

/** As it is now, with its siblings. */
export async function pinFrontend(at: RecordAt, version: string): Promise<readonly ObjectChange[]> {
  const frontend = await readFrontend(at);
  return [await pinTo(at, frontend, version), ...(await pinSiblings(at, { frontend, version }))];
}

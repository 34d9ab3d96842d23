/**
 * The pin: `app.kubernetes.io/version=<proven>` in the frontend Service's selector. Whoever goes past Envoy (ingress
 * proxies that dial pods, connections older than the CiliumEnvoyConfig, a lost one) then always gets the proven version.
 */
import { kinds } from '../../core/kube/kinds.ts';
import { labels } from '../../core/kube/labels.ts';
import type { ObjectChange } from '../../core/kube/object-change.ts';
import { subsetName } from '../../core/routing/names.ts';
import { TidegateError } from '../../core/values/error.ts';
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
export async function pinFrontend(at: RecordAt, version: string): Promise<ObjectChange> {
  const frontend = await readFrontend(at);
  const { name, namespace, resourceVersion } = frontend.metadata;
  const before = frontend.spec.selector?.[labels.version] ?? '';
  const object = `Service/${name}`;
  if (before === version) return { object, action: 'unchanged', before, after: version };
  const patch = { metadata: { resourceVersion }, spec: { selector: { [labels.version]: version } } };
  await at.cluster.patch(kinds.service, { namespace, name }, patch);
  return { object, action: 'configured', before, after: version };
}

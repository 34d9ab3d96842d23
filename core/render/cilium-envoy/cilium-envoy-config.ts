/**
 * The CiliumEnvoyConfig of one service in one client cluster. "Takeover changes nothing": what Envoy would add, limit,
 * retry, time out or close by its defaults is turned off here, each with its reason.
 *
 * Names inside have no "/": the agent then qualifies them as <namespace>/<cec>/<name>. Only the route configuration
 * changes when weights do; a changed listener would drain the connections of every client.
 */
import { annotations, labels } from '../../kube/labels.ts';
import type { Manifest } from '../../kube/objects.ts';
import { withDigest } from '../../kube/with-digest.ts';
import { weightsTo } from '../../routing/header-route.ts';
import { keptArms } from '../../routing/kept-arms.ts';
import { cecName } from '../../routing/names.ts';
import type { L7Policy, RoutingRecord, Weight } from '../../routing/record.ts';
import { canonical, canonicalJson } from '../../values/canonical.ts';
import { refuse } from '../../values/error.ts';
import { present } from '../../values/json.ts';
import { cluster } from './cluster.ts';
import { LISTENER, listener } from './listener.ts';
import { routes } from './routes.ts';

const metadata = (record: RoutingRecord): Manifest['metadata'] => ({
  name: cecName(record.service),
  namespace: record.namespace,
  labels: {
    [labels.managedBy]: 'tidegate',
    [labels.owner]: record.installation,
    [labels.service]: record.service,
  },
  annotations: {
    [annotations.record]: canonicalJson(record),
    // Their defaults hang on spec.services: said outright, turning the redirect on or off leaves the listener as it is.
    'cec.cilium.io/inject-cilium-filters': 'true',
    'cec.cilium.io/is-l7lb': 'true',
    // use-original-source-address is not set. Its default, true, keeps the client pod's address on the way to the
    // server, as without Envoy: access logs, rate limits and network policies of the servers see who they always saw.
  },
});

const policyOf = (record: RoutingRecord): L7Policy => {
  const policy = record.policy.current ?? record.policy.proven;
  if (policy !== null) return policy;
  refuse(
    'Invalid',
    `record of ${record.cluster}/${record.namespace}/${record.service} has no policy`,
    'adopt the service again: adoption writes the policy',
  );
};

const desiredResources = (record: RoutingRecord, weights: readonly Weight[]): readonly unknown[] => {
  const policy = policyOf(record);
  const { headerRoute, testers, sticky } = record.versions;
  const routed = {
    weights,
    byHeader: weightsTo(headerRoute, record, weights),
    testers: weightsTo(testers?.version, record, weights),
    kept: keptArms(sticky, weights),
    ...present({ mark: testers?.mark, sticky }),
  };
  const split = routes(routed, policy);
  return [listener(record), split, ...weights.map((subset) => cluster(subset, record, policy))];
};

export interface RouteInput {
  readonly record: RoutingRecord;
  /** Of all live subsets. Empty: a record that is not under Tidegate, which has no resources. */
  readonly weights: readonly Weight[];
  readonly redirect: boolean;
}

/** The object that carries record and route. Without redirect it is complete but for `services`: nothing enters Envoy. */
export const desiredRoute = ({ record, weights, redirect }: RouteInput): Manifest => {
  const { namespace, service, frontend } = record;
  const target = { name: service, namespace, listener: LISTENER, ports: [frontend.port] };
  return withDigest(
    canonical({
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumEnvoyConfig',
      metadata: metadata(record),
      spec: {
        services: redirect ? [target] : undefined,
        backendServices: weights.map(({ name }) => ({ name, namespace, number: [String(frontend.port)] })),
        resources: weights.length === 0 ? [] : desiredResources(record, weights),
      },
    }),
  );
};

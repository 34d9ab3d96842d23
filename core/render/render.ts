/**
 * core/render: turns a routing record into the objects of one client cluster.
 *
 *   RoutingRecord ──weightsOf──► Weight[] ──desiredObjects──► Services + CiliumEnvoyConfig ──checkCec──► problems
 *
 * Rendering is canonical: the same record gives the same bytes and the same digest. The record lies in the
 * CiliumEnvoyConfig as an annotation. What Cilium would drop silently is found by cilium-envoy/check before a write.
 * This folder does not decide who gets which share, does not read what a cluster holds, and writes nothing.
 */
import type { Manifest } from '../kube/objects.ts';
import type { RoutingRecord } from '../routing/record.ts';
import { subsetsOf, weightsOf } from '../routing/weights.ts';
import { refuse } from '../values/error.ts';
import { desiredRoute } from './cilium-envoy/cilium-envoy-config.ts';
import { servingService, stubService } from './cilium-envoy/services.ts';

export interface RenderOptions {
  /** Do calls to the frontend go through Envoy? false: everything is in place, but Cilium routes by itself (L4). */
  readonly redirect: boolean;
}

/**
 * All objects that the record asks for in record.cluster: a Service for each live subset (sorted by cluster and version),
 * then the CiliumEnvoyConfig. Write them in this order; a subset that left is removed only after the last one is written.
 * Subset Services of versions that this cluster serves to others only are not in it: see `servingService`.
 */
export const desiredObjects = (record: RoutingRecord, { redirect }: RenderOptions): Manifest[] => {
  const weights = weightsOf(record, 'current');
  if (redirect && weights.length === 0) {
    const where = `${record.cluster}/${record.namespace}/${record.service}`;
    refuse(
      'Invalid',
      `record of ${where}: nothing has a share, so there is nothing to redirect calls to`,
      'render without redirect, or set the current topology and versions',
    );
  }
  const services = subsetsOf(record).map((subset) => {
    const input = {
      ...subset,
      namespace: record.namespace,
      service: record.service,
      installation: record.installation,
      frontend: record.frontend,
    };
    return subset.cluster === record.cluster ? servingService(input) : stubService(input);
  });
  return [...services, desiredRoute({ record, weights, redirect })];
};

/**
 * Counts how gRPC calls end, by subset: the status stands in a trailer, behind an HTTP 200 that hides it. It touches nothing.
 * `extensionsOf` asks for it, so a plan refuses a cluster whose Envoy is built without it.
 */
import type { RoutingRecord } from '../../../routing/record.ts';
import { envoyTypes, GRPC_STATS } from '../extensions.ts';

export const grpcStats = ({ frontend }: RoutingRecord): Record<string, unknown> | undefined =>
  frontend.protocol === 'grpc'
    ? {
        name: GRPC_STATS,
        // By method there would be as many series as callers make names up.
        typed_config: { '@type': envoyTypes.grpcStats, stats_for_all_methods: false },
      }
    : undefined;

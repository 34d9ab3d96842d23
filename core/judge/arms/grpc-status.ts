/**
 * How the gRPC calls of a subset ended, by the client's Envoys (filter grpc_stats). Measured with Envoy 1.40:
 *
 *   a call …                                     upstream_rq_xx   grpc_total   grpc_<code>
 *   answered, also with a failure in trailers         2               1         its status
 *   reset before its headers, or timed out            5               1            14
 *   answered by something that is no gRPC          its class          0             -
 *   without a connection, or a healthy host           5               0             -
 *   cut after its headers, or given up by its client  2               0             -
 *
 * A call counts when it ends. One without a connection has no status: the SLO of Envoy's 5xx finds it. One that was cut has
 * none either, and the pods' own metrics find it.
 */
import { defaultBadCodes, type RpcCode } from '../rpc-codes.ts';
import type { Counted } from '../series/counters.ts';
import { grpcCounter } from '../series/selectors.ts';
import { armOf, ofEnvoyArm, oldestNewest, sharedTo, silentClients, sumCells, type Arm, type EnvoyArm } from './arms.ts';

export interface GrpcArm extends EnvoyArm {
  readonly badCodes: readonly RpcCode[] | undefined;
}

/** Requests of a subset, below which it is no news that none of them was gRPC. */
const SILENT_REQUESTS = 100;

export const envoyGrpcArm = (counted: Counted, { badCodes = defaultBadCodes, ...of }: GrpcArm): Arm => {
  const bad = new Set(badCodes.map(grpcCounter));
  const ofSubset = counted.series.filter(ofEnvoyArm(of));
  // Requests tell that the Envoy reports: counters of gRPC are not there before the first call has ended.
  const newestMs = oldestNewest(ofSubset);
  const arm = armOf(counted, {
    series: ofSubset,
    newestMs,
    weigh: ({ labels: { __name__: name = '' } }) => ({
      total: name === grpcCounter('total') ? 1 : 0,
      bad: bad.has(name) ? 1 : 0,
    }),
  });
  const sent = ofSubset.filter(({ labels }) => labels['__name__'] === 'envoy_cluster_upstream_rq_total');
  const requests = sumCells(
    armOf(counted, { series: sent, newestMs, weigh: () => ({ total: 1, bad: 0 }) }).cells,
    0,
  ).total;
  const missing = silentClients(ofSubset, of) || noStatus(of.stat, requests, sumCells(arm.cells, 0).total);
  return { ...arm, ...sharedTo(ofSubset, counted.intervalMs), missing };
};

const noStatus = (stat: string, requests: number, ended: number): string =>
  requests >= SILENT_REQUESTS && ended === 0
    ? `${requests} requests reached ${stat}, and none of them ended with a gRPC status: do callers speak gRPC to this port (content-type application/grpc)?`
    : '';

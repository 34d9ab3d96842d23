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
 * A call has its status when it ends, and many streams never do: their clients give them up. So what fails is held against
 * the calls that began, or against those that ended where they are more. One without a connection has no status: the SLO of
 * Envoy's 5xx finds it. One that was cut has none either, and the pods' own metrics find it.
 */
import { defaultBadCodes, type RpcCode } from '../rpc-codes.ts';
import type { Counted, CountedSeries } from '../series/counters.ts';
import { grpcCounter } from '../series/selectors.ts';
import { armOf, ofEnvoyArm, oldestNewest, sharedTo, silentClients, sumCells } from './arms.ts';
import type { Arm, Cell, EnvoyArm, Total } from './arms.ts';

export interface GrpcArm extends EnvoyArm {
  readonly badCodes: readonly RpcCode[] | undefined;
}

/** Requests of a subset, below which it is no news that none of them was gRPC. */
const SILENT_REQUESTS = 100;

export const envoyGrpcArm = (counted: Counted, { badCodes = defaultBadCodes, ...of }: GrpcArm): Arm => {
  const bad = new Set(badCodes.map(grpcCounter));
  // Requests tell that the Envoy reports: counters of gRPC are not there before the first call has ended.
  const series = counted.series.filter(ofEnvoyArm(of));
  const newestMs = oldestNewest(series);
  const arm = (weigh: (name: string) => Total): Arm =>
    armOf(counted, { series, newestMs, weigh: ({ labels }) => weigh(nameOf(labels)) });
  const began = arm((name) => ({ total: name === REQUESTS ? 1 : 0, bad: 0 }));
  const ended = arm((name) => ({ total: name === grpcCounter('total') ? 1 : 0, bad: bad.has(name) ? 1 : 0 }));
  const requests = sumCells(began.cells, Number.NEGATIVE_INFINITY).total;
  const known = sumCells(ended.cells, Number.NEGATIVE_INFINITY).total;
  return {
    ...ended,
    // Made of the same series, both have the same cells of the same processes.
    cells: callsOf(began.cells, ended.cells),
    pods: ended.pods.map((cells, i) => callsOf(began.pods[i] ?? [], cells)),
    ...sharedTo(series, counted.intervalMs),
    missing: silentClients(series, of) || noStatus(of.stat, requests, known),
  };
};

const REQUESTS = 'envoy_cluster_upstream_rq_total';

const nameOf = (labels: CountedSeries['labels']): string => labels['__name__'] ?? '';

const callsOf = (began: readonly Cell[], ended: readonly Cell[]): readonly Cell[] =>
  ended.map((cell, i) => {
    const open = (began[i]?.total ?? 0) - cell.total;
    return open > 0 ? { ...cell, total: cell.total + open, ended: cell.total } : cell;
  });

const noStatus = (stat: string, requests: number, ended: number): string =>
  requests >= SILENT_REQUESTS && ended === 0
    ? `${requests} requests reached ${stat}, and none of them has ended with a gRPC status: they are streams that are open, or that callers gave up, or callers speak no gRPC to this port (content-type application/grpc)`
    : '';

import { describe, expect, it } from '@jest/globals';
import { sumCells } from '../../../../core/judge/arms/arms.ts';
import { envoyGrpcArm } from '../../../../core/judge/arms/grpc-status.ts';
import { defaultBadCodes, rpcCodes, type RpcCode } from '../../../../core/judge/rpc-codes.ts';
import { countIncrements } from '../../../../core/judge/series/counters.ts';
import type { RawSeries } from '../../../../core/judge/series/raw-series.ts';
import { envoyGrpc, grpcCounter, readNames } from '../../../../core/judge/series/selectors.ts';

const series = (name: string, values: readonly number[], client = 'aws'): RawSeries => ({
  labels: { __name__: name, envoy_cluster_name: 'shop_v2', k8s_cluster_name: client, instance: 'node-1' },
  samples: values.map((value, i) => ({ atMs: (3 - values.length + i + 1) * 1_000, value })),
});
const requests = (values: readonly number[], client = 'aws') =>
  series('envoy_cluster_upstream_rq_total', values, client);
const counter = (of: RpcCode | 'total', values: readonly number[], client = 'aws') =>
  series(grpcCounter(of), values, client);

const armOf = (raw: readonly RawSeries[], more: { clients?: string[]; badCodes?: readonly RpcCode[] } = {}) =>
  envoyGrpcArm(countIncrements(raw, -60_000), { stat: 'shop_v2', clients: ['aws'], badCodes: undefined, ...more });

describe("the Envoys' count of gRPC status", () => {
  const all = [
    requests([0, 50, 100]),
    counter('total', [0, 48, 98]),
    counter('INTERNAL', [0, 3, 5]),
    // The first ones of their kind: a series of one sample.
    counter('UNAVAILABLE', [4]),
    counter('NOT_FOUND', [0, 9, 20]),
  ];

  it('has every call that began, tells which have ended, and calls a status bad that is an error of servers', () => {
    expect(sumCells(armOf(all).cells, -60_000)).toEqual({ total: 100, bad: 9, ended: 98 });
    expect(armOf(all)).toMatchObject({ problem: '', missing: '', newestMs: 3_000 });
  });

  it('has as many calls as ended where they are more: streams that began long ago', () => {
    const old = [requests([0, 1, 2]), counter('total', [0, 40, 40]), counter('INTERNAL', [0, 40, 40])];
    expect(sumCells(armOf(old).cells, -60_000)).toEqual({ total: 41, bad: 40, ended: 40 });
  });

  it('goes by the codes that the SLO names', () => {
    expect(sumCells(armOf(all, { badCodes: ['NOT_FOUND', 'UNAVAILABLE'] }).cells, -60_000)).toEqual({
      total: 100,
      bad: 24,
      ended: 98,
    });
  });

  it('asks for the codes that are bad, by the numbers of gRPC, and a source of its own keeps them all', () => {
    const { names } = envoyGrpc({ stats: ['shop_v2'], clusters: ['aws'] }, defaultBadCodes);
    const numbers = [2, 4, 12, 13, 14, 15].map((code) => `envoy_cluster_grpc_${code}`);
    expect(names).toEqual(['envoy_cluster_upstream_rq_total', 'envoy_cluster_grpc_total', ...numbers]);
    for (const name of [...names, ...rpcCodes.map(grpcCounter)]) expect(readNames.has(name)).toBe(true);
  });

  it('is known to be 0 of a client cluster that sends nothing, and unknown of one that is not heard', () => {
    const clients = ['aws', 'gcp'];
    expect(armOf([...all, requests([0, 0, 0], 'gcp')], { clients }).missing).toBe('');
    expect(armOf(all, { clients }).missing).toBe('no metrics of shop_v2 from the Envoys of gcp');
  });

  it('is unknown, with the cause, where requests come and none of them ends with a status', () => {
    const { missing } = armOf([requests([0, 80, 400])]);
    expect(missing).toMatch(
      /^400 requests reached shop_v2, and none of them has ended with a gRPC status: they are streams that are open/,
    );
    expect(armOf([requests([0, 0, 20])]).missing).toBe('');
  });
});

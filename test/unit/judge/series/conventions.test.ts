import { describe, expect, it } from '@jest/globals';
import { serverErrorArm, sumCells } from '../../../../core/judge/arms/arms.ts';
import { isServerError, withoutDoubleEmission } from '../../../../core/judge/series/conventions.ts';
import { countIncrements } from '../../../../core/judge/series/counters.ts';
import type { RawSeries } from '../../../../core/judge/series/raw-series.ts';

const rpc = (labels: Record<string, string>): boolean =>
  isServerError({ __name__: 'rpc_server_call_duration_seconds_count', ...labels });

describe('an RPC call that the server failed', () => {
  it.each(['UNKNOWN', 'DEADLINE_EXCEEDED', 'UNIMPLEMENTED', 'INTERNAL', 'UNAVAILABLE', 'DATA_LOSS'])(
    'has status %s',
    (status) => expect(rpc({ rpc_response_status_code: status })).toBe(true),
  );

  it.each(['OK', 'CANCELLED', 'INVALID_ARGUMENT', 'NOT_FOUND', 'PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'ABORTED'])(
    'has not status %s, whatever error.type says',
    (status) => expect(rpc({ rpc_response_status_code: status, error_type: status })).toBe(false),
  );

  it('is told by the numbers of the old conventions, and by the lower case of Connect', () => {
    const bad = Array.from({ length: 17 }, (_, code) => code).filter((code) =>
      rpc({ rpc_grpc_status_code: String(code) }),
    );
    expect(bad).toEqual([2, 4, 12, 13, 14, 15]);
    expect(rpc({ rpc_connect_rpc_error_code: 'unavailable' })).toBe(true);
  });

  it('is told by error.type where no status is known, and is no HTTP status', () => {
    expect(rpc({ error_type: 'java.net.SocketException' })).toBe(true);
    expect(rpc({ rpc_response_status_code: '-32603', error_type: '-32603' })).toBe(true);
    expect(rpc({ http_response_status_code: '500' })).toBe(false);
    expect(rpc({})).toBe(false);
  });
});

describe('a process that reports by the old and the new RPC conventions', () => {
  const series = (name: string, instance: string, labels: Record<string, string> = {}): RawSeries => ({
    labels: { __name__: `${name}_count`, k8s_cluster_name: 'aws', instance, service_version: 'v2', ...labels },
    samples: [0, 10].map((value, i) => ({ atMs: (i + 1) * 1_000, value })),
  });
  const NEW = 'rpc_server_call_duration_seconds';
  const OLD = 'rpc_server_duration_milliseconds';

  it('shows the hazard: both series together count each call twice', () => {
    const both = [series(NEW, 'dual'), series(OLD, 'dual')];
    expect(sumCells(serverErrorArm(countIncrements(both, 0), { cluster: 'aws', version: 'v2' }).cells, 0).total).toBe(
      20,
    );
  });

  it('counts once, and a process that follows one of them is counted as it is', () => {
    const all = [
      series(NEW, 'dual', { rpc_response_status_code: 'INTERNAL' }),
      series(OLD, 'dual', { rpc_grpc_status_code: '13' }),
      series(OLD, 'old', { rpc_grpc_status_code: '13' }),
      series(NEW, 'new', { rpc_response_status_code: 'OK' }),
    ];
    const counted = countIncrements(withoutDoubleEmission(all), 0);
    expect(sumCells(serverErrorArm(counted, { cluster: 'aws', version: 'v2' }).cells, 0)).toEqual({
      total: 30,
      bad: 20,
    });
  });
});

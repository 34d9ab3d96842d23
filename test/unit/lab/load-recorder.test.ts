import { describe, expect, it } from '@jest/globals';
import { createRecorder } from '../../../infra/lab/load/recorder.ts';
import type { RequestRecord } from '../../../infra/lab/load/report.ts';

const answered: RequestRecord = {
  at: 10_000,
  service: 'checkout',
  client: 'a',
  node: 'a-node-1',
  connection: 'new',
  version: 'v1',
  serving: 'a',
  status: 200,
  failure: undefined,
  latencyMs: 3,
};

describe('the report of the load generator', () => {
  it('counts by who asked, who answered and how it ended, within the window only', () => {
    const recorder = createRecorder();
    for (let i = 0; i < 5; i++) recorder.record({ ...answered, at: 10_000 + i * 250 });
    recorder.record({ ...answered, at: 10_300, version: 'v2', status: 500, failure: '5xx' });
    const { requests, failed, groups, firstBad } = recorder.report({ since: 10_000, until: 10_500 });
    expect({ requests, failed }).toEqual({ requests: 3, failed: 1 });
    expect(groups).toContainEqual(expect.objectContaining({ version: 'v1', outcome: 'ok', count: 2 }));
    expect(firstBad).toEqual({ v2: 10_300 });
  });

  it('tells the time of the first bad request by when it was sent, though a time-out is recorded later', () => {
    const recorder = createRecorder();
    recorder.record({ ...answered, at: 12_000, version: '', status: 0, failure: 'reset', latencyMs: 1 });
    recorder.record({ ...answered, at: 11_000, version: '', status: 0, failure: 'timeout', latencyMs: 5_000 });
    expect(recorder.report({ since: 0, until: 20_000 }).firstBad).toEqual({ '': 11_000 });
  });

  it('gives latencies at most 5 % too high, over answered requests', () => {
    const recorder = createRecorder();
    for (let i = 1; i <= 100; i++) recorder.record({ ...answered, latencyMs: i });
    const { latency } = recorder.report({ since: 0, until: 20_000 });
    expect(latency?.p50).toBeGreaterThanOrEqual(50);
    expect(latency?.p50).toBeLessThanOrEqual(53);
    expect(latency?.p99).toBeGreaterThanOrEqual(99);
    expect(latency?.p99).toBeLessThanOrEqual(104);
  });

  it('has no latency when nobody answered: that is not 0 ms', () => {
    expect(createRecorder().report({ since: 0, until: 1 }).latency).toBeNull();
  });
});

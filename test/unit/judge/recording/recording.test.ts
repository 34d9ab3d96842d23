import { describe, expect, it } from '@jest/globals';
import { countedShare } from '../../../../core/judge/arms/counted-share.ts';
import { parseRecording } from '../../../../core/judge/recording/parse-recording.ts';
import { recordingLines, type RecordingHeader } from '../../../../core/judge/recording/recording.ts';
import { TidegateError } from '../../../../core/values/error.ts';

const header: RecordingHeader = {
  schema: 1,
  namespace: 'shop',
  service: 'checkout',
  versions: { new: 'v2', old: 'v1' },
  clusters: { aws: ['aws', 'gcp'] },
  sharePercent: 5,
  sinceMs: 1_000,
  toMs: 9_000,
};
const labels = { __name__: 'http_server_request_duration_seconds_count', service_version: 'v2' };
const line = (samples: unknown, more: Record<string, unknown> = {}): string =>
  JSON.stringify({ labels: { ...labels, ...more }, samples });
const file = (...lines: string[]): string => [JSON.stringify(header), ...lines].join('\n');

const errorOf = (text: string): TidegateError => {
  try {
    parseRecording(text, 'counts.jsonl');
  } catch (error) {
    if (error instanceof TidegateError) return error;
  }
  throw new Error('was taken');
};

describe('a recording', () => {
  it('is read back as it was written, whatever the order of its series', () => {
    const series = [
      { labels: { ...labels, instance: 'b' }, samples: [{ atMs: 2_000, value: 1 }] },
      { labels: { ...labels, instance: 'a' }, samples: [{ atMs: 2_000, value: 2 }] },
    ];
    const lines = recordingLines({ header, series });
    expect(recordingLines({ header, series: series.toReversed() })).toEqual(lines);
    expect(parseRecording(`${lines.join('\n')}\n`, 'f')).toEqual({ header, series: series.toReversed() });
  });

  it('keeps what no counter can be, since the judges say so as they do with a live backend', () => {
    const { series } = parseRecording(
      file(
        line([
          [5_000, 'NaN'],
          [4_000, -1],
          [3_000, 0.5],
        ]),
      ),
      'f',
    );
    expect(series[0]?.samples).toEqual([
      { atMs: 5_000, value: Number.NaN },
      { atMs: 4_000, value: -1 },
      { atMs: 3_000, value: 0.5 },
    ]);
    expect(recordingLines({ header, series })[1]).toContain('[[5000,"NaN"],[4000,-1],[3000,0.5]]');
  });

  it('names every wrong line by its number, so that one edit repairs the file', () => {
    const error = errorOf(
      file(
        '{',
        line('x'),
        line([[2_000, 1]]),
        '',
        line([[2_000, 1]]),
        line([[2_000]], { instance: 'a' }),
        '{"labels":{}}',
      ),
    );
    expect(error.code).toBe('Invalid');
    expect(error.message.split('\n')).toEqual([
      'counts.jsonl:2: is not JSON',
      'counts.jsonl:3: samples is not a list',
      'counts.jsonl:6: has the labels of line 4',
      'counts.jsonl:7: samples[0] is not [ms, value]: [2000]',
      'counts.jsonl:8: labels has no __name__',
    ]);
  });

  it.each([
    ['', '1: is not JSON'],
    ['{"schema":2}', '1: header.schema'],
    [JSON.stringify({ ...header, share: 5 }), '1: header: Unrecognized key: "share"'],
    [JSON.stringify({ ...header, toMs: 1 }), '1: header.toMs is not after header.sinceMs'],
    [JSON.stringify({ ...header, clusters: {} }), '1: header.clusters: names no cluster'],
  ])('without a good header is refused: %s', (first, mistake) => {
    expect(errorOf(first).message).toContain(`counts.jsonl:${mistake}`);
  });

  it('with times in seconds is refused: nothing would be counted', () => {
    expect(errorOf(file(line([[5, 1]]))).message).toContain('are all times in ms');
  });
});

describe('the counted share', () => {
  const of = {
    service: { namespace: 'shop', service: 'checkout' },
    probeRoutes: undefined,
    newVersion: 'v2',
    oldVersion: 'v1',
    newStats: ['new'],
    oldStats: ['old'],
    sinceMs: 1_000,
  };
  const counter = (more: Record<string, string>, ...values: number[]) => ({
    labels: { ...labels, ...more },
    samples: values.map((value, i) => ({ atMs: 1_000 * (i + 1), value })),
  });

  it('is that of the requests since the share was written', () => {
    expect(countedShare([counter({}, 50, 60), counter({ service_version: 'v1' }, 0, 90)], of)).toBe(100_000);
  });

  it('is a whole only when the old version had no request, or nothing would be compared', () => {
    expect(countedShare([counter({}, 0, 9_000_000), counter({ service_version: 'v1' }, 0, 1)], of)).toBe(999_999);
    expect(countedShare([counter({}, 0, 9)], of)).toBe(1_000_000);
    expect(countedShare([], of)).toBe(0);
  });

  it("is Envoy's where the pods report nothing", () => {
    const envoy = (stat: string, ...values: number[]) =>
      counter({ __name__: 'envoy_cluster_upstream_rq_xx', envoy_cluster_name: stat }, ...values);
    expect(countedShare([envoy('new', 0, 1), envoy('old', 0, 3)], of)).toBe(250_000);
  });
});

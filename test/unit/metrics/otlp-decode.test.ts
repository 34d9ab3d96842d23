/** Requests of senders, good and hostile ones: points, or an error that says what is wrong, in bounded time. */
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import protobuf from 'protobufjs/light.js';
import { decodeRequest, Undecodable } from '../../../platform/metrics/otlp/decode.ts';
import { reportsOf, type Point, type Rejected } from '../../../platform/metrics/otlp/points.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../../../platform/metrics/otlp/receiver.ts';
import { readNames } from '../../../core/judge/series/selectors.ts';
import { metricOf, requestOf } from './otlp-messages.ts';

const isRead = (name: string): boolean => readNames.has(name);
const parse = (text: string) => reportsOf(decodeRequest(Buffer.from(text), 'json'), isRead);
const points = (request: unknown): readonly Point[] => parse(JSON.stringify(request)).flatMap((one) => one.points);
const rejected = (request: unknown): readonly Rejected[] =>
  parse(JSON.stringify(request)).flatMap((one) => one.rejected);
/** The worker's heart beats with the same thread: nothing that a stranger sends may hold it up for long. */
const inTime = (work: () => unknown): void => {
  const startedMs = performance.now();
  work();
  expect(performance.now() - startedMs).toBeLessThan(5_000);
};

describe('names and labels', () => {
  it('are those of Prometheus: resource and point attributes, with the instance by its id', () => {
    const request = requestOf(metricOf.histogram([1, 2, 0], { attributes: { 'http.response.status_code': 503 } }));
    const [report] = parse(JSON.stringify(request));
    expect(report?.resource).toEqual({
      service_name: 'checkout',
      service_version: 'v2',
      k8s_cluster_name: 'aws',
      instance: 'pod-1',
    });
    expect(report?.points).toMatchObject([
      {
        name: 'http_server_request_duration_seconds',
        labels: { http_response_status_code: '503' },
        value: { kind: 'histogram', count: 3, bounds: [0.25, 0.5], counts: [1, 2, 0] },
      },
    ]);
  });

  it.each([
    ['envoy_cluster_upstream_rq_xx', 'envoy_cluster_upstream_rq_xx'],
    ['envoy_cluster_upstream_rq_xx_total', 'envoy_cluster_upstream_rq_xx'],
    ['envoy_cluster_upstream_rq_total', 'envoy_cluster_upstream_rq_total'],
    ['envoy_cluster_upstream_rq', 'envoy_cluster_upstream_rq_total'],
    ['envoy_cluster_upstream_cx_connect_fail_total', 'envoy_cluster_upstream_cx_connect_fail'],
  ])('%s is read as %s, whatever became of _total on its way', (written, stored) => {
    expect(points(requestOf(metricOf.sum(7, { name: written }))).map(({ name }) => name)).toEqual([stored]);
  });

  it('do not take the requests by status code for all requests, which would count them twice', () => {
    const byCode = metricOf.sum(7, {
      name: 'envoy_cluster_upstream_rq',
      attributes: { envoy_response_code: '200' },
    });
    expect(points(requestOf(byCode))).toEqual([]);
  });

  it('that nobody reads are left out without complaint', () => {
    const request = requestOf(metricOf.sum(7, { name: 'process.cpu.time' }));
    expect([points(request), rejected(request)]).toEqual([[], []]);
  });
});

describe('numbers', () => {
  it('keep their last digit: times of ns, as strings or as bare numbers', () => {
    const text = JSON.stringify(requestOf(metricOf.sum(7, { timeNs: '1795612177999999999' })));
    const bare = text.replace('"1795612177999999999"', '1795612177999999999');
    expect(bare).not.toBe(text);
    for (const one of [text, bare])
      expect(parse(one).flatMap(({ points: [point] }) => [point?.timeNs])).toEqual([1795612177999999999n]);
  });

  it('may be 0 in protobuf, which is a value, not none', () => {
    // gauge { data_points { time_unix_nano: 1, as_int: 0 } } under envoy_server_live
    const field = (id: number, body: Uint8Array): Buffer =>
      Buffer.concat([Buffer.from([id * 8 + 2, body.length]), body]);
    const point = Buffer.from([3 * 8 + 1, 1, 0, 0, 0, 0, 0, 0, 0, 6 * 8 + 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    const metric = Buffer.concat([field(1, Buffer.from('envoy_server_live')), field(5, field(1, point))]);
    const body = field(1, field(2, field(2, metric)));
    expect(reportsOf(decodeRequest(body, 'protobuf'), isRead).flatMap((one) => one.points)).toMatchObject([
      { temporality: 'gauge', timeNs: 1n, value: { kind: 'number', value: 0 } },
    ]);
  });

  it.each([
    ['buckets that do not add up', metricOf.histogram([1, 2, 3], { count: 7 }), 'do not add up'],
    ['as many edges as buckets', metricOf.histogram([1, 2], {}), 'do not fit'],
    ['edges out of order', metricOf.histogram([1, 2, 3], { bounds: [0.5, 0.25] }), 'ascending'],
    ['negative counts', metricOf.histogram([1, -2, 3], {}), 'not numbers of events'],
    ['no temporality', metricOf.sum(1, { temporality: 0 }), 'neither cumulative nor'],
    ['deltas of what may fall', metricOf.sum(1, { temporality: 1, isMonotonic: false }), 'neither cumulative nor'],
    ['no time', metricOf.sum(1, { timeNs: '0' }), 'no time'],
    ['an end before the start', metricOf.sum(1, { startNs: '9', timeNs: '8' }), 'ends before it starts'],
    ['a delta without start', metricOf.sum(1, { temporality: 1, startNs: '0' }), 'without its start'],
    ['no value', metricOf.sum(undefined, {}), 'no value'],
  ])('are refused with the reason: %s', (_what, metric, reason) => {
    expect(rejected(requestOf(metric))).toMatchObject([{ reason: expect.stringContaining(reason) }]);
    expect(points(requestOf(metric))).toEqual([]);
  });

  it('without a recorded value are no samples, and no mistake either', () => {
    const request = requestOf(metricOf.sum(7, { flags: 1 }));
    expect([points(request), rejected(request)]).toEqual([[], []]);
  });
});

describe('hostile bodies', () => {
  it('give points or Undecodable, whatever the bytes: nothing else is ever thrown', () => {
    const decode = (body: Uint8Array, encoding: 'json' | 'protobuf') => {
      try {
        reportsOf(decodeRequest(body, encoding), isRead);
      } catch (error) {
        expect(error).toBeInstanceOf(Undecodable);
      }
    };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => decode(bytes, 'protobuf')),
      { numRuns: 2_000 },
    );
    fc.assert(fc.property(fc.json(), (text) => decode(Buffer.from(text), 'json')));
    const valid = JSON.stringify(requestOf(metricOf.histogram([1, 2, 0], {})));
    const cut = fc.tuple(fc.nat(valid.length), fc.nat(valid.length), fc.string({ maxLength: 3 }));
    const edited = cut.map(([from, to, text]) => valid.slice(0, from) + text + valid.slice(to));
    fc.assert(
      fc.property(edited, (text) => decode(Buffer.from(text), 'json')),
      { numRuns: 1_000 },
    );
  });

  it('cannot exhaust the stack with nesting', () => {
    const depth = 200_000;
    const nested = `${'['.repeat(depth)}1234567890123456789${']'.repeat(depth)}`;
    inTime(() => expect(() => parse(nested)).toThrow(Undecodable));
    const value = `{"stringValue":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`;
    const deep = `{"resourceMetrics":[{"resource":{"attributes":[{"key":"a","value":${value}}]}}]}`;
    inTime(() => parse(deep));
    // Groups of an unknown field, opened and never closed.
    inTime(() => expect(() => decodeRequest(Buffer.alloc(1_000_000, 15 * 8 + 3), 'protobuf')).toThrow(Undecodable));
  });

  it('cannot claim more than they have: huge varints and lengths', () => {
    const overlong = Buffer.concat([Buffer.from([0x0a]), Buffer.alloc(64, 0xff)]);
    const long = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x07, 1]);
    for (const body of [overlong, long]) expect(() => decodeRequest(body, 'protobuf')).toThrow(Undecodable);
  });

  it('leave out fields of another wire type, as protobuf wants', () => {
    const writer = protobuf.Writer.create().uint32(8).uint32(77);
    expect(reportsOf(decodeRequest(writer.finish(), 'protobuf'), isRead)).toEqual([]);
  });

  it('take a bounded time, however small the messages are', () => {
    const empty = Buffer.alloc(4 * 1024 * 1024);
    for (let i = 0; i < empty.length; i += 2) empty[i] = 0x0a;
    inTime(() => expect(() => reportsOf(decodeRequest(empty, 'protobuf'), isRead)).toThrow('send smaller batches'));
  });
});

describe('the receiver', () => {
  let receiver: OtlpReceiver;
  beforeAll(async () => {
    receiver = await startOtlpReceiver({ listen: { host: '127.0.0.1', port: 0 }, token: '', now: Date.now });
  });
  afterAll(() => receiver.close());
  const post = (body: Uint8Array | string, headers: Record<string, string> = {}, path = '') =>
    fetch(`${receiver.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    });

  it.each<[string, Parameters<typeof post>, number]>([
    ['what is not JSON', ['{'], 400],
    ['what is not protobuf', [Buffer.alloc(9, 255), { 'content-type': 'application/x-protobuf' }], 400],
    ['another content type', ['{}', { 'content-type': 'text/plain' }], 415],
    ['another content encoding', ['{}', { 'content-encoding': 'br' }], 415],
    ['what is not gzip', ['{}', { 'content-encoding': 'gzip' }], 400],
    ['10 MiB of zeros in 10 kB of gzip', [gzipSync(Buffer.alloc(10 << 20)), { 'content-encoding': 'gzip' }], 413],
    ['5 MiB', [Buffer.alloc(5 << 20)], 413],
    ['another path', ['{}', {}, '/more'], 404],
  ])('answers %s with an error that says what is wrong', async (_what, [body, headers, path], status) => {
    const response = await post(body, headers, path);
    expect(response.status).toBe(status);
    if (response.headers.get('content-type') === 'application/json')
      expect(await response.json()).toEqual({ code: expect.any(Number), message: expect.stringMatching(/.{10}/) });
  });

  it('says which points it refused, and why; the others count', async () => {
    const nowNs = `${Date.now()}000000`;
    const response = await post(
      JSON.stringify(
        requestOf(
          metricOf.sum(1, { name: 'envoy_cluster_upstream_rq_xx', timeNs: nowNs }),
          metricOf.histogram([1, 2], { timeNs: nowNs }),
        ),
      ),
    );
    expect([response.status, await response.json()]).toEqual([
      200,
      {
        partialSuccess: {
          rejectedDataPoints: '1',
          errorMessage: 'http_server_request_duration_seconds: the numbers of its buckets and edges do not fit',
        },
      },
    ]);
  });

  it('answers in the encoding of the request', async () => {
    const response = await post(new Uint8Array(), { 'content-type': 'application/x-protobuf' });
    expect([response.status, response.headers.get('content-type'), (await response.arrayBuffer()).byteLength]).toEqual([
      200,
      'application/x-protobuf',
      0,
    ]);
  });

  it('asks for its token, when it has one', async () => {
    const guarded = await startOtlpReceiver({ listen: { host: '127.0.0.1', port: 0 }, token: 's3cret', now: Date.now });
    const status = async (authorization?: string): Promise<number> => {
      const headers = { 'content-type': 'application/json', ...(authorization === undefined ? {} : { authorization }) };
      return (await fetch(guarded.url, { method: 'POST', headers, body: '{}' })).status;
    };
    expect([await status(), await status('Bearer s3cre'), await status('Bearer s3cret')]).toEqual([401, 401, 200]);
    await guarded.close();
  });

  it('says so when its address is taken', async () => {
    const port = Number(new URL(receiver.url).port);
    const again = startOtlpReceiver({ listen: { host: '127.0.0.1', port }, token: '', now: Date.now });
    await expect(again).rejects.toMatchObject({ code: 'Invalid', message: expect.stringContaining('EADDRINUSE') });
  });
});

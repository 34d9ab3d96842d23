/** The client against a real Prometheus, and against servers that fail in every way that one can. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { countIncrements } from '../../../core/judge/series/counters.ts';
import { obtainBinaries } from '../../../infra/lab/binaries.ts';
import { startPrometheus } from '../../../infra/lab/observability.ts';
import { startTelemetry } from '../../../infra/lab/pods/telemetry.ts';
import { createProcessStarter, type ProcessStarter } from '../../../infra/lab/processes/process.ts';
import { createPrometheus, createPrometheusClients } from '../../../platform/metrics/prometheus.ts';
import { serverRequests } from '../../../core/judge/series/selectors.ts';
import type { MetricsSource } from '../../../core/judge/series/source.ts';
import { assertEventually } from '../../support/eventually.ts';
import { assertHangs } from '../../support/hangs.ts';

const TOKEN = 'very-secret-token';
const scope = { service: 'checkout', protocol: 'http', versions: ['v1', 'v2'], clusters: ['aws'] } as const;

const connect = (url: string, tokenEnv?: string): MetricsSource =>
  createPrometheus({ ref: { url, ...(tokenEnv === undefined ? {} : { tokenEnv }) }, env: { TOKEN }, now: Date.now });
const read = (client: MetricsSource, signal?: AbortSignal) =>
  client.range({ series: serverRequests(scope), toMs: Date.now(), rangeMs: 60_000 }, signal);

describe('a real Prometheus', () => {
  let starter: ProcessStarter;
  let url: string;
  let dir: string;
  let client: MetricsSource;

  beforeAll(async () => {
    const binaries = await obtainBinaries({ names: ['prometheus', 'tether'], report: () => undefined });
    dir = mkdtempSync(join(tmpdir(), 'tidegate-prometheus-'));
    starter = createProcessStarter({ binaries, logDir: dir });
    ({ url } = await startPrometheus(starter, { dir, envoys: [] }));
    client = connect(url);
  }, 120_000);
  afterAll(async () => {
    await client.close();
    await starter.stopAll();
    rmSync(dir, { recursive: true, force: true });
  });

  const pod = (version: string, instance: string) =>
    startTelemetry({
      metricsUrl: `${url}/api/v1/otlp/v1/metrics`,
      resource: {
        'service.name': 'checkout',
        'service.version': version,
        'service.instance.id': instance,
        'k8s.cluster.name': 'aws',
      },
    });
  const bad = async (): Promise<number> => {
    const raw = await read(client);
    const counted = countIncrements(raw, Date.now() - 60_000);
    return counted.series
      .filter(({ labels }) => labels['http_response_status_code'] === '500')
      .flatMap(({ increments }) => increments)
      .reduce((sum, { by }) => sum + by, 0);
  };

  it('gives raw samples: the first errors of a pod count although their series has one sample only', async () => {
    const telemetry = pod('v2', 'pod-a');
    telemetry.recordRequest({ method: 'GET', status: 200, seconds: 0.01 });
    await assertEventually(async () => expect((await read(client)).length).toBe(1));
    for (let i = 0; i < 3; i++) telemetry.recordRequest({ method: 'GET', status: 500, seconds: 0.01 });
    await assertEventually(async () => expect(await bad()).toBe(3));
    telemetry.abandon();
    // The same pod again, its process restarted: a lower value is a reset, not minus two.
    const restarted = pod('v2', 'pod-a');
    restarted.recordRequest({ method: 'GET', status: 500, seconds: 0.01 });
    await assertEventually(async () => expect(await bad()).toBe(4));
    restarted.abandon();
  }, 60_000);

  it('knows the difference of clocks, which is next to nothing here', async () => {
    expect(Math.abs(await client.clockOffsetMs())).toBeLessThan(1_000);
  });

  it('refuses a broken query as Invalid, with the reason of the server', async () => {
    const broken = client.range({ series: { names: [''], labels: {} }, toMs: Date.now(), rangeMs: 1_000 });
    await expect(broken).rejects.toMatchObject({ code: 'Invalid', message: expect.stringContaining('parse error') });
  });

  it('is Unavailable within the deadline when Prometheus hangs, and then dead; well again after that', async () => {
    const process = starter.processes.find(({ name }) => name === 'prometheus');
    process?.signal('SIGSTOP');
    await assertHangs(() => read(client), {
      error: { code: 'Unavailable', message: expect.stringContaining('no answer within 5000 ms') },
      withinMs: 8_000,
    });
    process?.signal('SIGCONT');
    await assertEventually(async () => void (await read(client)));
    await process?.kill();
    await expect(read(client)).rejects.toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('cannot be read'),
    });
    process?.restart();
    await assertEventually(async () => void (await read(client)));
  }, 60_000);
});

describe('a backend that misbehaves', () => {
  const servers: { close(): void }[] = [];
  const clients: MetricsSource[] = [];
  afterAll(async () => {
    servers.forEach((server) => server.close());
    await Promise.all(clients.map((client) => client.close()));
  });
  const listen = async (server: Server | ReturnType<typeof createTcpServer>): Promise<string> => {
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix/`;
  };
  const against = async (answer: RequestListener): Promise<MetricsSource> => {
    const client = connect(await listen(createServer(answer)), 'TOKEN');
    clients.push(client);
    return client;
  };
  const json =
    (body: unknown, status = 200, headers: Record<string, string> = {}): RequestListener =>
    (_, response) =>
      void response.writeHead(status, headers).end(JSON.stringify(body));
  const matrix = (result: unknown, more: object = {}) => ({
    status: 'success',
    data: { resultType: 'matrix', result },
    ...more,
  });

  it.each([
    [
      'an error with status 200',
      json({ status: 'error', errorType: 'bad_data', error: 'no' }),
      'Invalid',
      /bad_data: no/,
    ],
    [
      'a timeout of its own',
      json({ status: 'error', errorType: 'timeout', error: 'slow' }),
      'Unavailable',
      /timeout: slow/,
    ],
    [
      'a warning: a store is missing',
      json(matrix([], { warnings: ['store b is down'] })),
      'Unavailable',
      /partial answer: store b is down/,
    ],
    [
      "VictoriaMetrics' mark of a missing store",
      json(matrix([], { isPartial: true })),
      'Unavailable',
      /partial answer: some of its stores/,
    ],
    ['503', json({ status: 'error', error: 'starting' }, 503), 'Unavailable', /answered 503: starting/],
    ['429', json({}, 429, { 'retry-after': '7' }), 'Throttled', /answered 429/],
    ['401', json({}, 401), 'Forbidden', /answered 401/],
    ['404', json({}, 404), 'Invalid', /answered 404/],
    ['a redirect to a login page', json({}, 302, { location: '/login' }), 'Invalid', /answered 302/],
    ['HTML', (_, response) => void response.end('<html>login</html>'), 'Invalid', /not JSON/],
    ['another API', json({ hello: 1 }), 'Invalid', /does not answer like a Prometheus/],
    ['a series of nothing', json(matrix([{ metric: { __name__: 'x' } }])), 'Invalid', /a series that has no samples/],
    ['no matrix', json({ status: 'success', data: { resultType: 'vector', result: [] } }), 'Invalid', /matrix/],
    ['a broken connection', (request) => request.socket.destroy(), 'Unavailable', /cannot be read/],
  ])('gives %s as a typed error that names the backend and never the token', async (_, answer, code, message) => {
    const error: unknown = await read(await against(answer)).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'TidegateError', code, message: expect.stringMatching(message) });
    expect((error as Error).message).toContain('/prefix');
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(TOKEN);
    if (code === 'Throttled') expect(error).toMatchObject({ retryAfterMs: 7_000 });
  });

  it('sends the token and a path prefix, and keeps its connections', async () => {
    const seen = new Set<unknown>();
    let asked: unknown;
    const client = await against((request, response) => {
      seen.add(request.socket);
      asked = [request.method, request.url, request.headers.authorization];
      json(matrix([]))(request, response);
    });
    for (let i = 0; i < 10; i++) await read(client);
    expect(asked).toEqual(['POST', '/prefix/api/v1/query', `Bearer ${TOKEN}`]);
    expect(seen.size).toBeLessThanOrEqual(2);
  });

  it('asks for whole answers only, names the tenant in its header, and shares no client between tenants', async () => {
    const asked: unknown[] = [];
    const url = await listen(
      createServer((request, response) => {
        let body = '';
        request.on('data', (chunk) => (body += String(chunk)));
        request.on('end', () => {
          const { partial_response, deny_partial_response } = Object.fromEntries(new URLSearchParams(body));
          const { 'x-scope-orgid': orgId, 'thanos-tenant': thanos } = request.headers;
          asked.push({ orgId, thanos, partial_response, deny_partial_response });
          json(matrix([], { infos: ['PromQL info: metric might not be a counter'] }))(request, response);
        });
      }),
    );
    const pool = createPrometheusClients({ env: {}, now: Date.now });
    await read(pool.connect({ url, tenant: 'shop' }));
    await read(pool.connect({ url, tenant: 'bank', tenantHeader: 'THANOS-TENANT' }));
    expect(pool.connect({ url, tenant: 'shop' })).toBe(pool.connect({ url, tenant: 'shop' }));
    await pool.close();
    const whole = { partial_response: 'false', deny_partial_response: '1' };
    expect(asked).toEqual([
      { orgId: 'shop', ...whole },
      { thanos: 'bank', ...whole },
    ]);
  });

  it('refuses an endless answer', async () => {
    const client = await against((_, response) => {
      const chunk = Buffer.alloc(1024 * 1024, ' ');
      const more = (): void => void (response.write(chunk), response.destroyed || setImmediate(more));
      more();
    });
    await expect(read(client)).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringContaining('more than'),
    });
  });

  it('gives a number that is none as NaN, which counting reports', async () => {
    const client = await against(
      json(
        matrix([
          {
            metric: {},
            values: [
              [1, '1'],
              [2, 'NaN'],
              [3, 'x'],
              [4, ''],
            ],
          },
        ]),
      ),
    );
    const [series] = await read(client);
    expect(series?.samples.map(({ value }) => value)).toEqual([1, Number.NaN, Number.NaN, Number.NaN]);
    expect(countIncrements([series ?? { labels: {}, samples: [] }], 0).problems).toHaveLength(1);
  });

  it('ends at once when the caller gives up on a server that accepts and hangs', async () => {
    const url = await listen(createTcpServer((socket) => void socket.on('error', () => undefined)));
    const client = connect(url);
    const controller = new AbortController();
    const reading = read(client, controller.signal);
    controller.abort(new Error('cancelled'));
    await expect(reading).rejects.toThrow('cancelled');
    await client.close();
  });

  it('refuses bad references before any request', () => {
    expect(() => connect('not a url')).toThrow(/not an http\(s\) URL/);
    expect(() => connect('http://user:pw@host:9090')).toThrow(/holds credentials/);
    expect(() => connect('https://host:9090', 'ABSENT')).toThrow(/no environment variable ABSENT/);
    expect(() => connect('http://host:9090', 'TOKEN')).toThrow(/in the clear/);
  });
});

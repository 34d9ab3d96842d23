/**
 * Two tenants behind a proxy, as in Mimir: each has a real Prometheus, and the proxy fails for one of them in every way
 * that is documented of gateways and backends. The other tenant's counts go on; the failing one's are never made up.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MockActivityEnvironment } from '@temporalio/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createObserveActivities } from '../../../activities/observe/index.ts';
import { serverErrorArm, sumCells } from '../../../core/judge/arms/arms.ts';
import type { WatchSloInput, WatchSloResult } from '../../../core/judge/look/watch.ts';
import { countIncrements } from '../../../core/judge/series/counters.ts';
import { serverRequests } from '../../../core/judge/series/selectors.ts';
import { obtainBinaries } from '../../../infra/lab/binaries.ts';
import { startPrometheus } from '../../../infra/lab/observability.ts';
import { createProcessStarter, type ProcessStarter } from '../../../infra/lab/processes/process.ts';
import { createMetricsClients } from '../../../platform/metrics/clients.ts';
import { pushTo } from './otlp-push.ts';
import { noKube } from '../../support/no-kube.ts';

type Tenant = 'shop' | 'bank';
const clients = createMetricsClients({ env: {}, now: Date.now });
let starter: ProcessStarter;
let dir: string;
let proxy: Server;
let url: string;
/** What happens to the bank's queries; null: they are answered. */
let fault: ((real: string) => RequestListener) | null = null;

beforeAll(async () => {
  const binaries = await obtainBinaries({ names: ['prometheus', 'tether'], report: () => undefined });
  dir = mkdtempSync(join(tmpdir(), 'tidegate-tenants-'));
  starter = createProcessStarter({ binaries, logDir: dir });
  const backends: Record<Tenant, string> = {
    shop: await startBackend('shop', 10),
    bank: await startBackend('bank', 200),
  };
  proxy = createServer((request, response) => void forward(request, response, backends));
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/prometheus`;
}, 120_000);
afterEach(() => void (fault = null));
afterAll(async () => {
  await clients.close();
  proxy.closeAllConnections();
  proxy.close();
  await starter.stopAll();
  rmSync(dir, { recursive: true, force: true });
});

/** v2 of checkout has answered `count` requests, and `count / 2` before. */
const startBackend = async (tenant: Tenant, count: number): Promise<string> => {
  const backend = await startPrometheus(starter, { dir: mkdtempSync(join(dir, tenant)), envoys: [] });
  const startMs = Date.now() - 10_000;
  const durations = Array.from({ length: count }, () => 0.05);
  const point = { pod: 'pod-a', version: 'v2', startMs };
  await pushTo(backend.url)({ ...point, atMs: startMs + 1_000, durations: durations.slice(count / 2) });
  await pushTo(backend.url)({ ...point, atMs: startMs + 9_000, durations });
  return backend.url;
};

const forward = async (
  request: IncomingMessage,
  response: ServerResponse,
  backends: Record<Tenant, string>,
): Promise<void> => {
  const tenant = request.headers['x-scope-orgid'];
  if (tenant !== 'shop' && tenant !== 'bank') {
    response.writeHead(401).end('no org id');
    return;
  }
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const answer = await fetch(`${backends[tenant]}${request.url?.replace('/prometheus', '') ?? ''}`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });
  const real = await answer.text();
  if (tenant === 'bank' && fault !== null && !body.includes('time%28%29')) fault(real)(request, response);
  else response.writeHead(answer.status).end(real);
};

const ref = (tenant?: string) => ({ url, ...(tenant === undefined ? {} : { tenant }) });
const scope = { service: 'checkout', protocol: 'http', versions: ['v2'], clusters: ['aws'] } as const;
const requestsOf = async (tenant?: string): Promise<number> => {
  const toMs = Date.now();
  const raw = await clients.connect(ref(tenant)).range({ series: serverRequests(scope), toMs, rangeMs: 60_000 });
  const counted = countIncrements(raw, toMs - 60_000);
  return sumCells(serverErrorArm(counted, { cluster: 'aws', version: 'v2' }).cells, 0).total;
};

const { watchSlo } = createObserveActivities({
  ...noKube,
  connectMetrics: async (mesh) => clients.connect(ref(mesh)),
  now: Date.now,
});
const watchOf = (tenant: Tenant, maxUnknownMs = 0): Promise<WatchSloResult> =>
  new MockActivityEnvironment().run<[WatchSloInput], WatchSloResult, typeof watchSlo>(watchSlo, {
    service: { mesh: tenant, namespace: 'shop', service: 'checkout', installation: 'default' },
    strata: [
      {
        serving: 'aws',
        share: 50_000,
        newVersion: 'v2',
        oldVersion: 'v1',
        newStat: 'shop_v2',
        oldStat: 'shop_v1',
        clients: ['aws'],
        sinceMs: Date.now() - 20_000,
      },
    ],
    slos: [{ name: 'errors', source: 'server', indicator: { kind: 'errors' }, target: 0.99 }],
    judge: { pollMs: 100, windowMs: 30_000, minRequests: 20, minBad: 3, alpha: 1e-4 },
    warmUpMs: 0,
    mode: 'bake',
    bakeMs: 0,
    maxUnknownMs,
  });

const answer =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
const login = '<!doctype html><html><head><title>Sign in</title></head></html>';

describe('tenants of one backend', () => {
  it('are read apart, and nothing without a tenant', async () => {
    expect(await Promise.all([requestsOf('shop'), requestsOf('bank')])).toEqual([5, 100]);
    await expect(requestsOf()).rejects.toMatchObject({
      code: 'Forbidden',
      message: expect.stringContaining('no org id'),
    });
    expect(await watchOf('bank')).toMatchObject({ verdict: 'healthy' });
  });

  it('are not asked again before the time that a 429 names, since that would keep the limit exceeded', async () => {
    const askedAt: number[] = [];
    fault = () => {
      askedAt.push(performance.now());
      return answer(429, { status: 'error', error: 'too many requests' }, { 'retry-after': '2' })();
    };
    expect(await watchOf('bank', 1_500)).toMatchObject({ verdict: 'unknown' });
    // Two looks of three queries each: at once, and 2 s after the refusal; every 100 ms it would be 45. The watch ends with
    // the first refusal of the second look, when its other queries may not be here yet.
    expect([4, 5, 6]).toContain(askedAt.length);
    expect(askedAt[3]! - askedAt[0]!).toBeGreaterThanOrEqual(1_990);
  }, 20_000);

  it.each([
    [
      'status 200 with an error inside',
      answer(200, { status: 'error', errorType: 'internal', error: 'ingester gone' }),
      { code: 'Unavailable', message: expect.stringContaining('ingester gone') },
    ],
    [
      'warnings beside data',
      (real: string) => answer(200, { ...JSON.parse(real), warnings: ['store-gateway 3 is down'] })(),
      { code: 'Unavailable', message: expect.stringContaining('partial answer: store-gateway 3 is down') },
    ],
    [
      '422: too many samples',
      answer(422, { status: 'error', errorType: 'execution', error: 'query would load too many samples' }),
      { code: 'Invalid', fix: expect.stringContaining('limit') },
    ],
    [
      '429 with a time to come back',
      answer(429, { status: 'error', error: 'too many requests' }, { 'retry-after': '3' }),
      { code: 'Throttled', retryAfterMs: 3_000 },
    ],
    ['503', answer(503, 'upstream connect error'), { code: 'Unavailable', message: expect.stringContaining('503') }],
    [
      'JSON that ends in the middle',
      (real: string) => answer(200, real.slice(0, real.length / 2))(),
      { code: 'Invalid', message: expect.stringContaining('not JSON') },
    ],
    [
      'a connection that breaks in the middle of JSON',
      (real: string): RequestListener =>
        (_, response) => {
          response.writeHead(200, { 'content-length': real.length });
          response.write(real.slice(0, real.length / 2), () => response.socket?.destroy());
        },
      { code: 'Unavailable', message: expect.stringContaining('cannot be read') },
    ],
    [
      'a login page',
      answer(200, login, { 'content-type': 'text/html' }),
      { code: 'Invalid', fix: expect.stringContaining('login page') },
    ],
    [
      'silence until the deadline',
      (): RequestListener => () => undefined,
      { code: 'Unavailable', message: expect.stringContaining('no answer within 5000 ms') },
    ],
  ])(
    'give no count after %s: a typed error, unknown to the watch, and the other tenant goes on',
    async (_, make, error) => {
      fault = make;
      await expect(requestsOf('bank')).rejects.toMatchObject({ name: 'TidegateError', ...error });
      const seen = await watchOf('bank');
      expect(seen).toMatchObject({ verdict: 'unknown', breached: [], readings: [] });
      expect(seen.reason).not.toContain('bank');
      expect(await requestsOf('shop')).toBe(5);
    },
    20_000,
  );
});

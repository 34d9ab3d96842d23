/** What the rendered route does to real requests in a real Envoy: the split, and that nothing else changes. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { connect } from 'node:net';
import { desiredObjects } from '../../../core/render/render.ts';
import type { Weight } from '../../../core/routing/record.ts';
import { weightsOf } from '../../../core/routing/weights.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { obtainBinaries } from '../../../infra/lab/binaries.ts';
import { recordOf } from '../../unit/routing/records.ts';
import { parseByCilium } from './cilium-and-envoy.ts';
import { runEnvoy, type RunningEnvoy, type Seen } from './running-envoy.ts';

/** As in render.test.ts: getting the binaries may mean building them. */
const OBTAIN_LIMIT_MS = 1_800_000;

const REQUESTS = 4_000;

/** Upper 1e-6 quantile of χ² with 2 degrees of freedom: -2 ln 1e-6. One try. */
const CHI_SQUARE_LIMIT = 27.63;

const plain = recordOf({
  topology: { 'aws-us-east-1': 700_000, 'gcp-europe-west1': 300_000 },
  current: { 'aws-us-east-1': { v1: 900_000, v2: 100_000, v3: 0 }, 'gcp-europe-west1': { v1: WHOLE } },
});

/** v3 waits for its first share. */
const record = { ...plain, versions: { ...plain.versions, headerRoute: 'v3' } };

const weights = weightsOf(record, 'current');

let envoy: RunningEnvoy;

const seenBy = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Seen> =>
  JSON.parse((await envoy.get(path, headers)).body) as Seen;

/** All that comes back until the other side closes. */
const rawAnswer = async (text: string): Promise<string> => {
  const socket = connect(envoy.port, '127.0.0.1');
  socket.write(text);
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

beforeAll(async () => {
  const binaries = await obtainBinaries({ names: ['cec-check', 'envoy'], report: () => {} });
  const parsed = parseByCilium(binaries['cec-check'], desiredObjects(record, { redirect: true }).at(-1));
  if (!parsed.ok) throw new Error(parsed.error);
  const { namespace, frontend } = record;
  const endpointsName = (subset: string): string => `${namespace}/${subset}:${String(frontend.port)}`;
  envoy = await runEnvoy({ binary: binaries.envoy, parsed, weights, endpointsName });
}, OBTAIN_LIMIT_MS);

afterAll(async () => {
  await envoy.close();
});

describe('the split', () => {
  it('follows the two-level weights, and a subset with weight 0 gets nothing', async () => {
    const counts = new Map<string, number>(weights.map(({ name }) => [name, 0]));
    const one = async (): Promise<void> => {
      const { subset } = await seenBy('/');
      counts.set(subset, (counts.get(subset) ?? 0) + 1);
    };
    for (let sent = 0; sent < REQUESTS; sent += 20) await Promise.all(Array.from({ length: 20 }, one));
    const expected = ({ weight }: Weight): number => (weight * REQUESTS) / WHOLE;
    const chiSquare = weights
      .filter(({ weight }) => weight > 0)
      .reduce((sum, line) => sum + ((counts.get(line.name) ?? 0) - expected(line)) ** 2 / expected(line), 0);
    expect(chiSquare).toBeLessThan(CHI_SQUARE_LIMIT);
    expect(weights.filter(({ weight }) => weight === 0).map(({ name }) => counts.get(name))).toEqual([0]);
  }, 60_000);

  it('sends who names the version in the header there and nowhere else, at weight 0, too; another value means nothing', async () => {
    const waiting = weights.find(({ version }) => version === 'v3')?.name;
    const asked = async (value: string): Promise<string[]> => {
      const all = Array.from({ length: 50 }, () => seenBy('/', { 'x-tidegate-version': value }));
      return [...new Set((await Promise.all(all)).map(({ subset }) => subset))];
    };
    expect(await asked('v3')).toEqual([waiting]);
    for (const other of ['v2', 'V3', 'v3 ,v3']) expect(await asked(other)).not.toContain(waiting);
  });

  it('counts the pods of every subset, also at weight 0: entering waits for that before the first request', async () => {
    for (const { statName } of weights) expect(await envoy.stat(statName, 'membership_healthy')).toBe(1);
  });
});

describe('takeover changes nothing', () => {
  it('leaves path, host and the headers of another proxy alone', async () => {
    const headers = {
      host: 'checkout.shop:8080',
      'x-forwarded-for': '203.0.113.7',
      'x-forwarded-proto': 'https',
      'x-request-id': 'mine',
      via: '1.1 ingress',
    };
    const seen = await seenBy('/a//b/../c%2Fd?x=1', headers);
    expect(seen.url).toBe('/a//b/../c%2Fd?x=1');
    expect(seen.headers).toEqual(headers);
  });

  it('adds one header to a plain request, x-forwarded-proto, which Envoy cannot leave out', async () => {
    const { headers } = await seenBy('/', { host: 'checkout' });
    expect(headers).toEqual({ host: 'checkout', 'x-forwarded-proto': 'http' });
  });

  it('lets no header of a caller switch retries or timeouts on, wherever the caller says it is', async () => {
    const { headers } = await seenBy('/', {
      'x-forwarded-for': '10.1.2.3',
      'x-envoy-max-retries': '3',
      'x-envoy-retry-on': '5xx',
      'x-envoy-upstream-rq-timeout-ms': '1',
    });
    expect(Object.keys(headers).filter((name) => name.startsWith('x-envoy'))).toEqual([]);
  });

  it('answers with the headers of the app', async () => {
    const { headers } = await envoy.get('/');
    expect(headers['server']).toBe('the-app');
    expect(Object.keys(headers).filter((name) => name.startsWith('x-envoy'))).toEqual([]);
  });

  it('passes more and larger headers than Envoy does by default', async () => {
    const many = Object.fromEntries(Array.from({ length: 150 }, (_, index) => [`x-${String(index)}`, '1']));
    expect((await envoy.get('/', { ...many, 'x-large': 'x'.repeat(8_000) })).status).toBe(200);
  });

  it('serves HTTP/1.0, which Envoy refuses by default', async () => {
    expect(await rawAnswer('GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.[01] 200 /);
  });

  it('lets a connection become a WebSocket', async () => {
    const upgrade = 'GET / HTTP/1.1\r\nHost: checkout\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    expect(await rawAnswer(upgrade)).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\nhello$/);
  });
});

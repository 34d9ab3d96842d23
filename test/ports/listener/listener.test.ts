/** "Takeover changes nothing", tried byte by byte: direct against through the rendered listener in a real Envoy. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { desiredObjects } from '../../../core/render/render.ts';
import { listenerStatName } from '../../../core/routing/names.ts';
import { weightsOf } from '../../../core/routing/weights.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { listenerDifferences, listenerRefusals } from '../../../infra/docs/listener-differences.ts';
import { obtainBinaries } from '../../../infra/lab/binaries.ts';
import { parseByCilium } from '../../golden/routing/cilium-and-envoy.ts';
import { startEnvoy, type RunningEnvoy } from '../../golden/routing/running-envoy.ts';
import { recordOf } from '../../unit/routing/records.ts';
import { overHttp2, type Http2Outcome, type Http2Request } from './http2.ts';
import { startOrigin, type Origin } from './origin.ts';
import { differences, outcomeOf, statusesOf } from './outcome.ts';
import { shapes, type Shape } from './shapes.ts';

/** As in test/golden: getting the binaries may mean building them. */
const OBTAIN_LIMIT_MS = 1_800_000;

/** Some 160 shapes at 0.06 s, and a few that wait for an answer that does not come. */
const SHAPES_LIMIT_MS = 60_000;

const record = recordOf({ topology: { 'aws-us-east-1': WHOLE }, current: { 'aws-us-east-1': { v1: WHOLE } } });

let envoy: RunningEnvoy;
/** One for either way: both can be tried at the same time. */
let origins: readonly [Origin, Origin];
/** Node's own HTTP server: what it refuses, many others do as well. */
let strict: Server;

/** What differs, by shape. */
const found = new Map<string, readonly string[]>();

beforeAll(async () => {
  const binaries = await obtainBinaries({ names: ['cec-check', 'envoy'], report: () => {} });
  const parsed = parseByCilium(binaries['cec-check'], desiredObjects(record, { redirect: true }).at(-1));
  if (!parsed.ok) throw new Error(parsed.error);
  origins = [await startOrigin(), await startOrigin()];
  const subset = weightsOf(record, 'current')[0]?.name ?? '';
  const endpoints = { [`${record.namespace}/${subset}:${String(record.frontend.port)}`]: [origins[1].port] };
  envoy = await startEnvoy({ binary: binaries.envoy, parsed, endpoints });
  strict = createServer((request, response) => {
    request.resume().on('end', () => response.end('ok'));
  }).on('connect', (_, socket) => socket.end('HTTP/1.1 405 Not Here\r\nContent-Length: 0\r\n\r\n'));
  await new Promise<void>((resolve) => strict.listen(0, '127.0.0.1', resolve));
}, OBTAIN_LIMIT_MS);

afterAll(async () => {
  await envoy.close();
  await Promise.all(origins.map((origin) => origin.close()));
  strict.closeAllConnections();
  await new Promise((resolve) => strict.close(resolve));
});

const isRefused = (lines: readonly string[]): boolean =>
  lines.some((line) => /^answer: [\d, ]+ → (none|[\d, ]+)$/.test(line));

const fits = (pattern: string, text: string): boolean => {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.?+^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(text);
};

const explains = ({ name }: Shape, line: string): boolean =>
  listenerDifferences.some(
    (one) =>
      (one.shapes === 'every' || one.shapes.includes(name)) && one.changes.some((pattern) => fits(pattern, line)),
  );

describe('a request to the listener', () => {
  it(
    'is answered as the app itself would have, and the app sees the same, or the difference is on the list',
    async () => {
      const [direct, behind] = origins;
      for (const shape of shapes) {
        const [mine, theirs] = await Promise.all([
          outcomeOf(shape, { port: direct.port, origin: direct }),
          outcomeOf(shape, { port: envoy.port, origin: behind }),
        ]);
        found.set(shape.name, differences(mine, theirs));
      }
      const unlisted = shapes.flatMap((shape) => {
        const lines = found.get(shape.name) ?? [];
        return isRefused(lines)
          ? []
          : lines.filter((line) => !explains(shape, line)).map((line) => `${shape.name}: ${line}`);
      });
      expect(unlisted).toEqual([]);
      expect(shapes.length).toBeGreaterThanOrEqual(60);
      expect(found.size).toBe(shapes.length);
    },
    SHAPES_LIMIT_MS,
  );

  it('is refused by Envoy only when it is on the list, with that status', () => {
    const refused = [...found].filter(([, lines]) => isRefused(lines));
    const listed = listenerRefusals.flatMap(({ shapes: names, status }) =>
      Object.keys(names).map((name) => [name, [`answer: 200 → ${status ?? 'none'}`]]),
    );
    expect(new Map(refused)).toEqual(new Map(listed as [string, string[]][]));
  });

  it('is on the list only when it differs: what Envoy has learned to carry leaves the list', () => {
    const seen = (name: string, patterns: readonly string[]): boolean =>
      found.get(name)?.some((line) => patterns.some((pattern) => fits(pattern, line))) ?? false;
    const stale = listenerDifferences.flatMap(({ what, changes, shapes: names }) => [
      ...(names === 'every' ? ['plain'] : names)
        .filter((name) => !seen(name, changes))
        .map((name) => `${what}: ${name}`),
      ...changes
        .filter((pattern) => !(names === 'every' ? ['plain'] : names).some((name) => seen(name, [pattern])))
        .map((pattern) => `${what}: ${pattern}`),
    ]);
    expect(stale).toEqual([]);
  });

  it(
    'that Envoy refuses gets from a strict server what the list says',
    async () => {
      const { port } = strict.address() as AddressInfo;
      for (const { shapes: names } of listenerRefusals) {
        for (const [name, status] of Object.entries(names)) {
          // What an app answers is not the server's to refuse.
          if (name.startsWith('answer:')) continue;
          const shape = shapes.find((one) => one.name === name) as Shape;
          const outcome = await outcomeOf(shape, { port, origin: origins[0] });
          expect([name, statusesOf(outcome)]).toEqual([name, String(status)]);
        }
      }
    },
    SHAPES_LIMIT_MS,
  );
});

describe('a request over HTTP/2 without TLS', () => {
  const without = (names: readonly string[], { headers, body, ...rest }: Http2Outcome): unknown => {
    const drop = (all: Readonly<Record<string, unknown>>) =>
      Object.fromEntries(Object.entries(all).filter(([name]) => !names.includes(name)));
    const seen = JSON.parse(body) as { headers: Record<string, unknown> };
    return { ...rest, headers: drop(headers), seen: { ...seen, headers: drop(seen.headers) } };
  };

  it.each<[string, Http2Request]>([
    ['GET', { headers: { ':path': '/a//b/../c?d=%2F', 'x-mine': '1' } }],
    ['POST with trailers', { headers: { ':method': 'POST', ':path': '/' }, body: 'hello', trailers: { 'x-end': '1' } }],
    ['a method of your own', { headers: { ':method': 'PURGE', ':path': '/' } }],
  ])('is carried as HTTP/2, but for the two headers that Envoy adds: %s', async (_, request) => {
    const [direct, through] = await Promise.all([
      overHttp2(origins[0].port, { ...request, headers: { ':authority': 'checkout.shop', ...request.headers } }),
      overHttp2(envoy.port, { ...request, headers: { ':authority': 'checkout.shop', ...request.headers } }),
    ]);
    const added = ['x-forwarded-proto', 'date'];
    expect(without(added, through)).toEqual(without(added, direct));
    expect(through.status).toBe(201);
  });
});

describe('what Envoy answers itself', () => {
  /** Sum of a counter of the listener, as Prometheus reads it from Envoy. */
  const counted = async (name: string, classes = '.'): Promise<number> => {
    const label = `envoy_http_conn_manager_prefix="${listenerStatName(record)}"`;
    const pattern = new RegExp(`^${name}\\{(?:envoy_response_code_class="${classes}",)?${label}\\} (\\d+)$`, 'gm');
    return [...(await envoy.prometheus()).matchAll(pattern)].reduce((sum, [, value]) => sum + Number(value), 0);
  };
  const now = async () => ({
    refused:
      (await counted('envoy_http_downstream_rq_total')) -
      (await counted('envoy_http_rq_total')) +
      (await counted('envoy_http_no_route')),
    errors: await counted('envoy_http_downstream_rq_xx', '[45]'),
  });

  it(
    'is counted by the listener under the names that the watch asks for, and reaches no subset',
    async () => {
      expect(await counted('envoy_http_downstream_rq_total')).toBeGreaterThan(shapes.length / 2);
      expect(await counted('envoy_http_rq_total')).toBeGreaterThan(shapes.length / 2);
      const uncounted: string[] = [];
      for (const { shapes: names, status } of listenerRefusals) {
        for (const name of Object.keys(names)) {
          const before = await now();
          await outcomeOf(shapes.find((one) => one.name === name) as Shape, { port: envoy.port, origin: origins[1] });
          const after = await now();
          const [refused, errors] = [after.refused - before.refused, after.errors - before.errors];
          // A client without an answer, and an answer that the app gave, are no refusals of the listener.
          const expected = status === null ? [0, 0] : name.startsWith('answer:') ? [0, 1] : [1, 1];
          if (refused !== expected[0] || errors !== expected[1]) uncounted.push(`${name}: ${refused}, ${errors}`);
        }
      }
      expect(uncounted).toEqual([]);
    },
    SHAPES_LIMIT_MS,
  );

  it(
    'does not count what is carried: a request that a version answers, with whatever status, is no refusal',
    async () => {
      const before = await now();
      for (const name of [
        'plain',
        'answer: status 418',
        'answer: status 500',
        'websocket',
        'upgrade TLS/1.2',
        'pipelined',
      ])
        await outcomeOf(shapes.find((one) => one.name === name) as Shape, { port: envoy.port, origin: origins[1] });
      const after = await now();
      expect(after).toEqual({ refused: before.refused, errors: before.errors + 2 });
    },
    SHAPES_LIMIT_MS,
  );
});

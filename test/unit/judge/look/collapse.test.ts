/** A port that carries no HTTP, behind an adoption's listener: callers come, nothing is answered, and no SLO has a bad request. */
import { describe, expect, it } from '@jest/globals';
import { replayLooks } from '../../../../core/judge/look/replay.ts';
import type { WatchSloInput } from '../../../../core/judge/look/watch.ts';
import type { RawSeries } from '../../../../core/judge/series/raw-series.ts';
import type { CountSource } from '../../../../core/judge/series/source.ts';
import { poisson, randomFrom } from '../../../support/simulated-bakes.ts';

const SINCE_MS = 1_000_000;
const FROM_S = -180;
const TO_S = 90;

const input: WatchSloInput = {
  service: { installation: 'main', mesh: 'shop', namespace: 'shop', service: 'checkout' },
  strata: [
    {
      ...{ serving: 'aws', share: 1_000_000, newVersion: 'v1', oldVersion: '', newStat: 'shop_v1', oldStat: '' },
      ...{ clients: ['aws'], sinceMs: SINCE_MS },
    },
  ],
  slos: [{ name: 'errors', source: 'server', target: 0.99, indicator: { kind: 'errors' } }],
  judge: { type: 'threshold', pollMs: 2_000, windowMs: 30_000, minRequests: 20, minBad: 3, alpha: 1e-4 },
  warmUpMs: 0,
  mode: 'bake',
  bakeMs: 60_000,
  maxUnknownMs: 1_800_000,
};

/** Counts in the second that ends at s, since the share was written. */
type PerSecond = (s: number) => number;

interface World {
  /** What the original's pod answers. */
  readonly original: PerSecond;
  readonly connections: PerSecond;
  /** Requests that the listener takes, answers itself, and hands on. */
  readonly taken?: PerSecond;
  readonly refused?: PerSecond;
  readonly reached?: PerSecond;
  readonly notHttp?: PerSecond;
  /** The original's pod is scraped until then, s. */
  readonly scrapedUntilS?: number;
  readonly everyS?: number;
  /** The last look is that long after the write, s. */
  readonly untilS?: number;
  readonly without?: string;
}

const none: PerSecond = () => 0;
const before =
  (perSecond: number, after = 0): PerSecond =>
  (s) =>
    s <= 0 ? perSecond : after;
const since =
  (perSecond: number): PerSecond =>
  (s) =>
    s <= 0 ? 0 : perSecond;

function seriesOf(world: World): RawSeries[] {
  const { everyS = 2, without = '', untilS = TO_S, scrapedUntilS = untilS } = world;
  const counter = (labels: Record<string, string>, perSecond: PerSecond, lastS = untilS): RawSeries => {
    const samples: { atMs: number; value: number }[] = [];
    let value = 0;
    for (let s = FROM_S; s <= lastS; s++) {
      value += perSecond(s);
      if (s % everyS === 0) samples.push({ atMs: SINCE_MS + s * 1000, value });
    }
    return { labels: { k8s_cluster_name: 'aws', ...labels }, samples };
  };
  const listener = (name: string, perSecond: PerSecond, labels: Record<string, string> = {}): RawSeries =>
    counter(
      {
        __name__: `envoy_http_${name}`,
        instance: 'node-1',
        envoy_http_conn_manager_prefix: 'shop_checkout',
        ...labels,
      },
      perSecond,
    );
  const pod = { service_name: 'checkout', service_version: 'v1', http_response_status_code: '200' };
  const { taken = none, refused = none, reached = none, notHttp = none } = world;
  const server = { __name__: 'http_server_request_duration_seconds_count', instance: 'original', ...pod };
  return [
    counter(server, world.original, scrapedUntilS),
    listener('downstream_cx_total', world.connections),
    listener('downstream_cx_protocol_error', notHttp),
    listener('downstream_rq_total', taken),
    listener('rq_total', reached),
    listener('no_route', none),
    listener('downstream_rq_xx', refused, { envoy_response_code_class: '4' }),
  ].filter(({ labels }) => labels['__name__'] !== `envoy_http_${without}`);
}

const sourceOf = (world: World): CountSource & { readonly asked: string[] } => {
  const all = seriesOf(world);
  const asked: string[] = [];
  return {
    asked,
    clockOffsetMs: () => Promise.resolve(0),
    range: ({ series, toMs, rangeMs }) => {
      asked.push(series.names[0] ?? '');
      return Promise.resolve(
        all
          .filter(({ labels }) => series.names.includes(labels['__name__'] ?? ''))
          .map((one) => ({ ...one, samples: one.samples.filter(({ atMs }) => atMs > toMs - rangeMs && atMs <= toMs) }))
          .filter(({ samples }) => samples.length > 0),
      );
    },
  };
};

/** The first breach: seconds after the write, and why; undefined: there is none. */
async function breachIn(world: World): Promise<{ s: number; reason: string; cluster: string } | undefined> {
  const replay = {
    metrics: sourceOf(world),
    toMs: SINCE_MS + (world.untilS ?? TO_S) * 1000,
    signal: new AbortController().signal,
  };
  for await (const { atMs, readings } of replayLooks(input, replay)) {
    const found = readings.find(({ verdict, shadow }) => verdict === 'breach' && shadow !== true);
    if (found !== undefined) return { s: (atMs - SINCE_MS) / 1000, reason: found.reason, cluster: found.cluster };
  }
  return undefined;
}

describe('an adoption of a port that carries no HTTP', () => {
  it('is stopped within seconds where callers speak TLS, and the reason says so', async () => {
    const tls = { connections: since(5), notHttp: since(5), taken: since(5), refused: since(5) };
    const found = await breachIn({ original: before(20), ...tls });
    expect(found?.s).toBeLessThanOrEqual(10);
    expect(found?.reason).toMatch(
      /10 of 10 connections carry no HTTP \(TLS, or another protocol\), .*leave the service out/,
    );
  });

  it('is stopped in half a minute where the server speaks first: callers wait, and the listener sees no request', async () => {
    const found = await breachIn({ original: before(20), connections: since(3) });
    expect(found).toMatchObject({ cluster: 'aws' });
    expect(found?.s).toBeLessThanOrEqual(30);
    expect(found?.reason).toMatch(
      /the pods of checkout in aws gave 0 answers in 20 s, and 400 in the quietest such time before .*took 6\d connections and 0 requests, of which 0 got as far as a version/,
    );
  });

  it('is found with a minute between samples, too, and at a request every two seconds', async () => {
    expect(
      (await breachIn({ original: before(20), connections: since(3), everyS: 60, untilS: 240 }))?.s,
    ).toBeLessThanOrEqual(190);
    const little: PerSecond = (s) => (s <= 0 && s % 2 === 0 ? 1 : 0);
    expect((await breachIn({ original: little, connections: since(1) }))?.s).toBeLessThanOrEqual(75);
  });
});

describe('no collapse is', () => {
  it('traffic that ends by itself: its callers are gone, too', async () => {
    expect(await breachIn({ original: before(20), connections: none })).toBeUndefined();
    const few = { connections: since(1), taken: since(1), reached: since(1) };
    expect(await breachIn({ original: before(20), ...few })).toBeUndefined();
  });

  it('an adoption that works: the answers come from the copy, whether its pods are scraped or not', async () => {
    const carried = { connections: since(4), taken: since(20), reached: since(20) };
    expect(await breachIn({ original: before(20), ...carried })).toBeUndefined();
  });

  it('a pod that is not scraped any more, beside callers that only connect', async () => {
    const world = { original: () => 20, connections: since(3) };
    expect(await breachIn(world)).toBeUndefined();
    expect(await breachIn({ ...world, scrapedUntilS: 10 })).toBeUndefined();
  });

  it('traffic in bursts, of which the quietest time before had as little', async () => {
    const bursts: PerSecond = (s) => (s <= 0 && s % 100 < -90 ? 100 : 0);
    expect(await breachIn({ original: bursts, connections: since(3) })).toBeUndefined();
  });

  it('what only one of the two sources says: unknown is never a breach', async () => {
    const lost = { original: before(20), connections: since(3) };
    for (const without of ['downstream_cx_total', 'downstream_rq_total', 'rq_total'])
      expect(await breachIn({ ...lost, without })).toBeUndefined();
    expect(await breachIn({ ...lost, original: none })).toBeUndefined();
  });

  it('chance: steady traffic beside probes that only connect, seed by seed', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const random = randomFrom(seed);
      const quiet: PerSecond = (s) => poisson(random, s <= 0 ? 3 : 1.5);
      expect(await breachIn({ original: quiet, connections: since(2) })).toBeUndefined();
    }
  });
});

describe('a look', () => {
  it('asks for the time before only where callers do not get through', async () => {
    const ask = async (world: World): Promise<number> => {
      const metrics = sourceOf(world);
      const toMs = SINCE_MS + 40_000;
      const looks = [];
      for await (const one of replayLooks(input, { metrics, toMs, signal: new AbortController().signal }))
        looks.push(one);
      return metrics.asked.filter((name) => name.startsWith('http_server')).length / looks.length;
    };
    const carried = { connections: since(4), taken: since(20), reached: since(20) };
    expect(await ask({ original: () => 20, ...carried })).toBe(1);
    expect(await ask({ original: before(20), connections: since(3) })).toBeGreaterThan(1.5);
  });
});

import { describe, expect, it } from '@jest/globals';
import { lookAtListener } from '../../../core/judge/look/listener.ts';
import { listenerReading, listenerTraffic, refusedBetween, type ListenerInput } from '../../../core/judge/listener.ts';
import { countIncrements } from '../../../core/judge/series/counters.ts';

type RawSeries = Parameters<typeof countIncrements>[0][number];

/** Counts per second from 0 on, scraped every second, in one Envoy. */
interface PerSecond {
  readonly answered: number;
  readonly refused: number;
  readonly appErrors?: number;
  readonly seconds: number;
  /** Before that nothing was refused, s. */
  readonly fromS?: number;
  readonly without?: string;
}

const series = ({ answered, refused, appErrors = 0, seconds, fromS = 0, without = '' }: PerSecond): RawSeries[] => {
  const counter = (name: string, at: (s: number) => number, labels: Record<string, string> = {}): RawSeries => ({
    labels: {
      __name__: `envoy_http_${name}`,
      k8s_cluster_name: 'aws',
      instance: 'node-1',
      envoy_http_conn_manager_prefix: 'shop_checkout',
      ...labels,
    },
    samples: Array.from({ length: seconds + 1 }, (_, s) => ({ atMs: s * 1000, value: at(s), startMs: 0 })),
  });
  const refusedBy = (s: number): number => refused * Math.max(0, s - fromS);
  return [
    counter('downstream_rq_total', (s) => answered * s + refusedBy(s)),
    counter('rq_total', (s) => answered * s),
    counter('no_route', () => 0),
    counter('downstream_rq_xx', (s) => refusedBy(s) + appErrors * s, { envoy_response_code_class: '4' }),
    counter('downstream_rq_xx', (s) => (answered - appErrors) * s, { envoy_response_code_class: '2' }),
  ].filter(({ labels }) => labels['__name__'] !== `envoy_http_${without}`);
};

const trafficOf = (given: PerSecond) => listenerTraffic(countIncrements(series(given), 0), 'aws');

const reading = (given: PerSecond, more: Partial<ListenerInput> = {}) =>
  listenerReading({
    serving: 'aws',
    service: 'checkout',
    traffic: trafficOf(given),
    sinceMs: 0,
    before: 'none',
    ...more,
  });

describe('the listener', () => {
  it('stops an adoption whose callers get 403 from Envoy, however few they are among many', () => {
    expect(reading({ answered: 190, refused: 10, seconds: 5 })).toMatchObject({
      slo: 'listener',
      cluster: 'aws',
      verdict: 'breach',
      newBad: 50,
      newTotal: 1000,
      reason: expect.stringMatching(
        /^the listener of checkout in aws refused 50 of 1000 \(5 %\) requests before any version saw them; up to 1 % .*docs\/reference\/listener.md$/,
      ) as unknown,
    });
  });

  it('says what it refuses below that, and lets it decide nothing', () => {
    expect(reading({ answered: 499, refused: 1, seconds: 30 })).toMatchObject({ verdict: 'healthy', shadow: true });
    expect(reading({ answered: 0, refused: 1, seconds: 9 })).toMatchObject({ verdict: 'healthy', newBad: 9 });
  });

  it('says nothing when nothing is refused, however many errors the app itself answers', () => {
    expect(reading({ answered: 100, refused: 0, appErrors: 90, seconds: 10 })).toBeUndefined();
  });

  it('says nothing without its counters: unknown is neither healthy nor a breach', () => {
    for (const without of ['downstream_rq_total', 'rq_total', 'downstream_rq_xx'])
      expect(reading({ answered: 50, refused: 50, seconds: 10, without })).toBeUndefined();
  });

  it('does not take requests whose head is still under way for refused: they have no answer', () => {
    const [taken, ...rest] = series({ answered: 100, refused: 0, seconds: 10 }) as [RawSeries, ...RawSeries[]];
    const slow = { ...taken, samples: taken.samples.map((one) => ({ ...one, value: one.value + 40 })) };
    const traffic = listenerTraffic(countIncrements([slow, ...rest], 0), 'aws');
    expect(refusedBetween(traffic, -1)).toMatchObject({ bad: 0 });
  });

  it('stops a deploy only when it refuses more than before', () => {
    const always = { answered: 90, refused: 10, seconds: 60 };
    const before = { total: 6_000, bad: 600 };
    expect(reading(always, { before })).toMatchObject({ verdict: 'healthy', shadow: true, oldBad: 600 });
    expect(reading(always, { before: { total: 6_000, bad: 0 } })).toMatchObject({ verdict: 'breach' });
    expect(reading(always, { before: null })).toMatchObject({ verdict: 'healthy', shadow: true });
    expect(reading(always, { before: { total: 0, bad: 0 } })).toMatchObject({ verdict: 'healthy' });
  });
});

describe('a look at the listener', () => {
  const slos = [{ name: 'errors', source: 'server', target: 0.99, indicator: { kind: 'errors' } }] as const;
  const judge = { pollMs: 1_000, windowMs: 30_000, minRequests: 20, minBad: 3, alpha: 1e-4 };
  const service = { installation: 'main', mesh: 'shop', namespace: 'shop', service: 'checkout' };
  const lookWith = async (given: PerSecond, { oldVersion, sinceMs }: { oldVersion: string; sinceMs: number }) => {
    const stratum = {
      ...{ serving: 'aws', share: 50_000, newVersion: 'v2', oldVersion, newStat: 'a', oldStat: 'b' },
      ...{ clients: ['aws'], sinceMs },
    };
    const metrics = { range: () => Promise.resolve(series(given)) };
    const ports = { metrics, signal: new AbortController().signal, nowMs: 60_000, offsetMs: 0 };
    const look = (before?: Readonly<Record<string, { total: number; bad: number }>>) =>
      lookAtListener({ service, strata: [stratum], slos, judge }, { ...ports, before });
    return { look, first: await look() };
  };

  it('knows what was before from the time before the write, and keeps it when ranges move on', async () => {
    const risen = { answered: 90, refused: 10, seconds: 60, fromS: 30 };
    const { look, first } = await lookWith(risen, { oldVersion: 'v1', sinceMs: 30_000 });
    expect(first.before).toEqual({ aws: { total: 2_700, bad: 0 } });
    expect(first.readings).toMatchObject([{ verdict: 'breach', newBad: 300, newTotal: 3_000, oldTotal: 2_700 }]);
    const kept = { aws: { total: 2_000, bad: 200 } };
    expect(await look(kept)).toMatchObject({ before: kept, readings: [{ verdict: 'healthy', oldTotal: 2_000 }] });
  });

  it('takes no time before for nothing refused, but at adoption', async () => {
    const always = { answered: 90, refused: 10, seconds: 60 };
    const verdicts = async (oldVersion: string) =>
      (await lookWith(always, { oldVersion, sinceMs: 0 })).first.readings.map(({ verdict }) => verdict);
    expect(await verdicts('')).toEqual(['breach']);
    expect(await verdicts('v1')).toEqual(['healthy']);
  });
});

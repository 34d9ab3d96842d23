/** What the receiver keeps, against what was sent: every request counts once, in its interval, or not at all. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { serverLatencyArm } from '../../../core/judge/arms/latency.ts';
import { sumCells } from '../../../core/judge/arms/arms.ts';
import { countIncrements } from '../../../core/judge/series/counters.ts';
import type { Limits } from '../../../platform/metrics/otlp/limits.ts';
import { reportsOf } from '../../../platform/metrics/otlp/points.ts';
import { createOtlpStore } from '../../../platform/metrics/otlp/store.ts';
import { envoyTraffic, readNames, serverLatency, serverRequests } from '../../../core/judge/series/selectors.ts';
import type { SeriesQuery } from '../../../core/judge/series/source.ts';
import { metricOf, requestFrom, resource, type WrittenPoint } from './otlp-messages.ts';

/** Seconds since the receiver began to listen, as times of points and as clock. */
const EPOCH_S = 1_800_000_000;
const ns = (second: number): string => `${BigInt(Math.round((EPOCH_S + second) * 1_000)) * 1_000_000n}`;
const requests = serverRequests({ service: 'checkout', protocol: 'http', versions: ['v2'], clusters: ['aws'] });
const envoys = envoyTraffic({ stats: ['shop_v2'], clusters: ['aws'] });

interface Sent {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  readonly status?: number;
  readonly temporality?: 1 | 2;
  readonly instance?: string;
}

const scene = (limits: Partial<Limits> = {}) => {
  let nowS = 0;
  /** Whoever reads comes when the last report has settled. */
  let laterMs = 0;
  const store = createOtlpStore({ now: () => (EPOCH_S + nowS) * 1_000 + laterMs, limits });
  const ingest = (request: unknown) => store.ingest(reportsOf(request, (name) => readNames.has(name)));
  const at = (second: number): void => void (nowS = Math.max(nowS, second));
  const read = async (
    series: SeriesQuery,
    { fromS = 0, toS = nowS, afterMs = 250 }: { fromS?: number; toS?: number; afterMs?: number } = {},
  ) => {
    laterMs = afterMs;
    const range = store.range({ series, toMs: (EPOCH_S + toS) * 1_000, rangeMs: (toS - fromS) * 1_000 });
    laterMs = 0;
    return countIncrements(await range, (EPOCH_S + fromS) * 1_000);
  };
  return {
    store,
    ingest,
    at,
    read,
    /** One report of a pod, received at its end unless the clock is ahead already. */
    send: (...sent: readonly Sent[]) => {
      at(Math.max(...sent.map(({ to }) => to)));
      return sent.map(({ from, to, count, status = 200, temporality = 2, instance = 'pod-1' }) =>
        ingest(
          requestFrom(
            { of: { ...resource, 'service.instance.id': instance } },
            metricOf.histogram([count, 0, 0], {
              attributes: { 'http.response.status_code': status },
              temporality,
              startNs: ns(from),
              timeNs: ns(to),
            }),
          ),
        ),
      );
    },
    /** A collector's scrape of an Envoy: its start is when the collector began to look. */
    scrape: (atS: number, counters: Readonly<Record<string, number>>, more: WrittenPoint = {}) => {
      at(atS);
      const metrics = Object.entries(counters).map(([name, value]) =>
        metricOf.sum(value, {
          name: `envoy_cluster_${name}`,
          attributes: { envoy_cluster_name: 'shop_v2' },
          startNs: ns(1),
          timeNs: ns(atS),
          ...more,
        }),
      );
      const of = { 'service.name': 'envoy', 'service.instance.id': 'node-a', 'k8s.cluster.name': 'aws' };
      return ingest(requestFrom({ of, scope: 'otelcol/prometheusreceiver' }, ...metrics));
    },
    /** [from, to, count] in seconds, of all series. */
    increments: async (series = requests, window = {}) =>
      (await read(series, window)).series.flatMap((one) =>
        one.increments.map(({ fromMs, atMs, by }) => [fromMs / 1_000 - EPOCH_S, atMs / 1_000 - EPOCH_S, by]),
      ),
  };
};
const delta = (from: number, to: number, count: number): Sent => ({ from, to, count, temporality: 1 });

describe('deltas', () => {
  it('count in their own interval; the gap between two of them is missing, not zero', async () => {
    const { send, increments } = scene();
    send(delta(10, 20, 5), delta(20, 30, 6), delta(50, 60, 7));
    expect(await increments()).toEqual([
      [10, 20, 5],
      [20, 30, 6],
      [50, 60, 7],
    ]);
  });

  it('count once when a request is sent again, because its answer was lost', async () => {
    const { send, increments } = scene();
    send(delta(10, 20, 5), delta(20, 30, 6));
    expect(send(delta(10, 20, 5), delta(20, 30, 6))).toMatchObject([{ accepted: 1 }, { accepted: 1 }]);
    expect(await increments()).toHaveLength(2);
  });

  it('fill their gap when they come late', async () => {
    const { send, increments } = scene();
    send(delta(10, 20, 5), delta(30, 40, 7), delta(20, 30, 6));
    expect(await increments()).toEqual([
      [10, 20, 5],
      [20, 30, 6],
      [30, 40, 7],
    ]);
  });

  it.each([
    ['another count for the same interval', delta(20, 30, 9), 'two different values'],
    ['an interval that begins in a counted one', delta(25, 35, 9), 'overlaps'],
    ['an interval around a counted one', delta(15, 45, 9), 'overlaps'],
    ['an interval inside a counted one', delta(22, 28, 9), 'overlaps'],
  ])('are refused when they would count twice: %s; then the source gives no part of it', async (_what, again, why) => {
    const { send, increments } = scene();
    send(delta(20, 30, 6));
    expect(send(again)).toMatchObject([{ rejected: 1, reasons: [expect.stringContaining(why)] }]);
    await expect(increments()).rejects.toMatchObject({ code: 'Unavailable', message: expect.stringContaining(why) });
    // A range after the refused interval is whole again.
    send(delta(50, 60, 7));
    expect(await increments(requests, { fromS: 46 })).toEqual([[50, 60, 7]]);
  });

  it('of one ms are added, not replaced', async () => {
    const { ingest, at, increments } = scene();
    at(20);
    const [start, middle, end] = [ns(20), `${BigInt(ns(20)) + 200_000n}`, `${BigInt(ns(20)) + 900_000n}`];
    for (const [startNs, timeNs, count] of [[start, middle, 3] as const, [middle, end, 4] as const])
      ingest(requestFrom({ of: resource }, metricOf.histogram([count, 0, 0], { temporality: 1, startNs, timeNs })));
    expect((await increments()).map(([, atS, count]) => [atS, count])).toEqual([[20, 7]]);
  });
});

describe('deltas that are shorter than a ms', () => {
  it('count each, although their starts fall into the same ms', async () => {
    const { ingest, at, increments } = scene();
    at(30);
    const middle = `${BigInt(ns(20)) + 400_000n}`;
    for (const [startNs, timeNs, count] of [[ns(20), middle, 3] as const, [middle, ns(21), 3] as const])
      ingest(requestFrom({ of: resource }, metricOf.histogram([count, 0, 0], { temporality: 1, startNs, timeNs })));
    expect((await increments()).map(([, , count]) => count)).toEqual([3, 3]);
  });
});

describe('a pod', () => {
  it('that is born after the receiver counts from 0, from its birth', async () => {
    const { send, increments } = scene();
    send({ from: 5, to: 20, count: 7 });
    expect(await increments()).toEqual([[5, 20, 7]]);
  });

  it('that restarts is a reset, although it has counted further than before', async () => {
    const { send, increments } = scene();
    send({ from: 5, to: 20, count: 7 }, { from: 24, to: 30, count: 40 });
    expect(await increments()).toEqual([
      [5, 20, 7],
      [24, 30, 40],
    ]);
  });

  it('that shares its id with another is a problem, not many restarts', async () => {
    const { send, read } = scene();
    const [one, other] = [5, 6];
    send({ from: one, to: 20, count: 500 }, { from: other, to: 21, count: 40 }, { from: one, to: 30, count: 510 });
    expect((await read(requests)).problems).toEqual([expect.stringContaining('several pods')]);
  });

  it('whose clock is ahead is refused with its name; one that is behind is taken, and looks old', async () => {
    const { send, at, ingest, increments } = scene();
    at(20);
    const ahead = metricOf.histogram([1, 0, 0], { startNs: ns(40), timeNs: ns(60) });
    expect(ingest(requestFrom({ of: resource }, ahead)).reasons).toEqual([
      "http_server_request_duration_seconds: the clock of aws/pod-1 is 40 s ahead of the worker's: synchronise both (NTP)",
    ]);
    await expect(increments()).rejects.toMatchObject({ message: expect.stringContaining('synchronise') });
    at(90);
    send({ from: 5, to: 21, count: 7 });
    expect(await increments(requests, { fromS: 20 })).toEqual([]);
  });

  it('that was asked for buckets has them at its own edges, exponential histograms at theirs', async () => {
    const { ingest, at, read } = scene();
    at(30);
    const exponential = (timeS: number, counts: readonly number[]) =>
      metricOf.exponential(counts, { scale: 1, offset: -6, zeroCount: 1, startNs: ns(5), timeNs: ns(timeS) });
    // Buckets of scale 1 from 2^-3: up to 0.177, 0.25, 0.354, 0.5.
    ingest(requestFrom({ of: resource }, exponential(10, [1, 1, 0, 0])));
    ingest(requestFrom({ of: resource }, exponential(20, [5, 1, 2, 3])));
    const scope = { service: 'checkout', protocol: 'http', versions: ['v2'], clusters: ['aws'] } as const;
    const arm = serverLatencyArm(await read(serverLatency(scope, [0.25])), {
      cluster: 'aws',
      version: 'v2',
      thresholdS: 0.25,
    });
    expect([arm.problem, sumCells(arm.cells, 0)]).toEqual(['', { total: 12, bad: 5 }]);
  });
});

describe('a report in several requests', () => {
  it('is shown as a whole: errors without their requests would look like a breach', async () => {
    const { send, increments } = scene();
    send({ from: 1, to: 10, count: 90 }, { from: 1, to: 10, count: 1, status: 500 });
    // The other part of the second report is under way.
    send({ from: 1, to: 20, count: 4, status: 500 });
    const first = [
      [1, 10, 90],
      [1, 10, 1],
    ];
    expect(await increments(requests, { afterMs: 200 })).toEqual(first);
    send({ from: 1, to: 20, count: 190 });
    expect(await increments()).toHaveLength(4);
  });
});

describe('what was counted before the receiver began', () => {
  it('is not known: first samples are baselines, whatever they say of older starts', async () => {
    const { send, increments } = scene();
    send({ from: -500, to: 20, count: 7_000 }, { from: -500, to: 30, count: 7_010 });
    expect(await increments(requests, { fromS: -600 })).toEqual([[20, 30, 10]]);
  });

  it('does not become known by a clock that is ahead, which makes an old process look young', async () => {
    const { ingest, at, increments } = scene();
    at(1);
    // In its fourth second by its own clock, which is 4 s ahead: it began 2 s before the receiver.
    ingest(requestFrom({ of: resource }, metricOf.histogram([9, 0, 0], { startNs: ns(1.5), timeNs: ns(5) })));
    expect(await increments(requests, { toS: 10 })).toEqual([]);
  });

  it('does not hide the first errors of a pod that was heard twice without any', async () => {
    const { send, increments } = scene();
    for (const to of [10, 20, 30]) send({ from: -500, to, count: 1_000 });
    send({ from: -500, to: 40, count: 3, status: 500 });
    expect(await increments()).toContainEqual([30, 40, 3]);
  });

  it('is not taken for first errors when the other half of the first report comes late', async () => {
    const { send, increments } = scene();
    send({ from: -500, to: 10, count: 1_000 });
    send({ from: -500, to: 20, count: 3_000, status: 500 }, { from: -500, to: 10, count: 2_999, status: 500 });
    expect(await increments()).toEqual([[10, 20, 1]]);
  });

  it('is not guessed of a series whose older sample comes in after all', async () => {
    const { send, increments } = scene();
    for (const to of [10, 20, 30, 40]) send({ from: -500, to, count: 1_000 });
    send({ from: -500, to: 50, count: 3_005, status: 500 }, { from: -500, to: 9, count: 3_000, status: 500 });
    expect(await increments(requests, { fromS: 8 })).toContainEqual([9, 50, 5]);
  });
});

describe('Envoys that a collector scrapes', () => {
  it('are never counted from a start: it says when the collector began, not when they did', async () => {
    const { scrape, increments } = scene();
    scrape(10, { upstream_rq_total: 1_000_000 });
    scrape(20, { upstream_rq_total: 1_000_100 });
    // The collector restarts: another start, the same Envoy.
    scrape(30, { upstream_rq_total: 1_000_150 }, { startNs: ns(30), timeNs: ns(30) });
    expect(await increments(envoys)).toEqual([
      [10, 20, 100],
      [20, 30, 50],
    ]);
  });

  it('that restart are a reset, by the fall of their counters', async () => {
    const { scrape, increments } = scene();
    scrape(10, { upstream_rq_total: 1_000 });
    scrape(20, { upstream_rq_total: 30 });
    expect(await increments(envoys)).toEqual([[10, 20, 30]]);
  });

  it('count a subset that is new to them from 0', async () => {
    const { scrape, increments } = scene();
    for (const atS of [10, 20, 30]) scrape(atS, { upstream_rq_xx: 1_000 });
    scrape(40, { upstream_rq_xx: 1_000, upstream_rq_total: 12 });
    expect(await increments({ ...envoys, names: ['envoy_cluster_upstream_rq_total'] })).toEqual([[30, 40, 12]]);
  });
});

describe('memory', () => {
  it('that is full refuses new series with the reason, and answers about them are refused too', async () => {
    const { send, increments, ingest, at } = scene({ streams: 2 });
    send({ from: 1, to: 10, count: 1 }, { from: 1, to: 10, count: 1, instance: 'pod-2' });
    expect(send({ from: 1, to: 10, count: 1, instance: 'pod-3' })).toMatchObject([
      { accepted: 0, isFull: true, reasons: [expect.stringContaining('the receiver is full')] },
    ]);
    await expect(increments()).rejects.toMatchObject({ message: expect.stringContaining('full') });
    // What is known is still taken; other services are not concerned.
    expect(send({ from: 1, to: 20, count: 3 })).toMatchObject([{ accepted: 1, rejected: 0 }]);
    expect(await increments(envoys)).toEqual([]);
    // Half an hour later the old ones are forgotten.
    at(1_900);
    expect(
      ingest(requestFrom({ of: resource }, metricOf.histogram([1, 0, 0], { startNs: ns(1_890), timeNs: ns(1_895) }))),
    ).toMatchObject({ accepted: 1 });
  });

  it('is bounded in bytes, whatever comes: what is used is given back', () => {
    const { send, at, store } = scene({ bytes: 200_000 });
    const results = Array.from({ length: 500 }, (_, i) => send({ from: 1, to: 10, count: i, instance: `pod-${i}` })[0]);
    const taken = results.filter((one) => one?.accepted === 1).length;
    expect(taken).toBeGreaterThan(50);
    expect(taken).toBeLessThan(250);
    at(3_000);
    store.ingest([]);
    const again = Array.from(
      { length: 500 },
      (_, i) => send({ from: 2_990, to: 3_000, count: i, instance: `pod-${i}` })[0],
    );
    expect(again.filter((one) => one?.accepted === 1)).toHaveLength(taken);
  });

  it('does not invent a reset, nor an increment, where old samples of a series are gone', async () => {
    const { send, increments } = scene({ samplesPerStream: 3 });
    for (const to of [10, 20, 30, 40, 50]) send({ from: 5, to, count: to });
    await expect(increments()).rejects.toMatchObject({
      message: expect.stringContaining('more samples than are kept'),
    });
    expect(await increments(requests, { fromS: 20 })).toEqual([
      [30, 40, 10],
      [40, 50, 10],
    ]);
  });

  it('refuses labels without end', () => {
    const { send } = scene();
    expect(send({ from: 1, to: 10, count: 1, instance: 'x'.repeat(10_000) })).toMatchObject([
      { reasons: [expect.stringContaining('its labels take')] },
    ]);
  });
});

describe('any sequence of windows', () => {
  const step = fc.record({
    count: fc.nat(20),
    /** Seconds to the next report. */
    lasts: fc.integer({ min: 1, max: 20 }),
    restarts: fc.boolean(),
    resent: fc.boolean(),
    /** The report comes after the next one. */
    isLate: fc.boolean(),
  });

  it('sums to exactly what was sent, each request once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom<1 | 2>(1, 2),
        fc.array(step, { minLength: 1, maxLength: 25 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 15 }),
        async (temporality, steps, lengths) => {
          const { send, at, read } = scene();
          let [bornS, nowS, total] = [1, 1, 0];
          const reports = steps.map(({ count, lasts, restarts, resent, isLate }) => {
            if (restarts) [bornS, total] = [nowS, 0];
            const from = temporality === 1 ? nowS : bornS;
            nowS += lasts;
            total += count;
            return { from, to: nowS, count: temporality === 1 ? count : total, temporality, resent, isLate };
          });
          reports.forEach((report, i) => {
            const next = reports[i + 1];
            if (report.isLate && next !== undefined) send(next);
            send(report);
            if (report.resent) send(report);
          });
          at(nowS);
          const ends = [
            ...new Set([...lengths.reduce<number[]>((all, by) => [...all, (all.at(-1) ?? 0) + by], []), nowS]),
          ]
            .filter((end) => end <= nowS)
            .sort((a, b) => a - b);
          let sum = 0;
          for (const [i, toS] of ends.entries()) {
            const fromS = ends[i - 1] ?? 0;
            // As far back as a watch looks: every count needs the sample before it.
            const counted = await read(requests, { fromS: fromS - 50, toS });
            expect(counted.problems).toEqual([]);
            sum += counted.series
              .flatMap(({ increments }) => increments)
              .filter(({ atMs }) => atMs > (EPOCH_S + fromS) * 1_000)
              .reduce((all, { by }) => all + by, 0);
          }
          expect(sum).toBe(steps.reduce((all, { count }) => all + count, 0));
        },
      ),
      { numRuns: 300 },
    );
  });
});

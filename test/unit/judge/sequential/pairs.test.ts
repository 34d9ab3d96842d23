/** Two arms over the same time: where a comparison may end, and that nothing is counted twice or never. */
import { describe, expect, it } from '@jest/globals';
import { envoyErrorArm, sumCells } from '../../../../core/judge/arms/arms.ts';
import { stretches } from '../../../../core/judge/sequential/pairs.ts';
import { countIncrements } from '../../../../core/judge/series/counters.ts';
import type { RawSeries } from '../../../../core/judge/series/raw-series.ts';

const intervalMs = 5_000;

interface Scrapes {
  /** When an Envoy was scraped last, ms. */
  readonly stopped?: Readonly<Record<string, number>>;
  /** How long after the first one the second is scraped, ms. */
  readonly apartMs?: number;
}

/** Two Envoys of a cluster, scraped every 5 s at instants of their own, until `nowMs`. */
function scraped(nowMs: number, { stopped = {}, apartMs = 3_000 }: Scrapes = {}): RawSeries[] {
  const envoys: [string, number][] = [
    ['node-a', 0],
    ['node-b', apartMs],
  ];
  return envoys.flatMap(([instance, phase]) =>
    ['shop_v1', 'shop_v2'].map((stat): RawSeries => {
      const until = Math.min(nowMs, stopped[instance] ?? nowMs);
      const times = Array.from(
        { length: Math.floor((until - phase) / intervalMs) + 1 },
        (_, i) => phase + i * intervalMs,
      );
      return {
        labels: {
          __name__: 'envoy_cluster_upstream_rq_xx',
          envoy_cluster_name: stat,
          envoy_response_code_class: '2',
          k8s_cluster_name: 'aws',
          instance,
        },
        samples: times.map((atMs) => ({ atMs, value: atMs / 100 })),
      };
    }),
  );
}

function cut(raw: readonly RawSeries[], afterMs: number) {
  const counted = countIncrements(raw, -10_000);
  const arm = (stat: string) => envoyErrorArm(counted, { stat, clients: ['aws'] });
  const [newArm, oldArm] = [arm('shop_v2'), arm('shop_v1')];
  return { newArm, found: stretches({ newArm, oldArm, afterMs, intervalMs, shortestMs: 2_000 }) };
}

describe('stretches of two Envoys that are scraped at different instants', () => {
  it('end at the newest scrape of either, since each counts both versions at once', () => {
    expect(cut(scraped(23_500), 15_000).found.at(-1)?.atMs).toBe(23_000);
    expect(cut(scraped(25_100), 15_000).found.at(-1)?.atMs).toBe(25_000);
  });

  it('end at a scrape that comes soon after the other one, too: nothing waits for the next interval', () => {
    expect(cut(scraped(20_100, { apartMs: 700 }), 15_700).found.at(-1)?.atMs).toBe(20_000);
    expect(cut(scraped(20_800, { apartMs: 700 }), 20_000).found).toEqual([
      { fromMs: 20_000, atMs: 20_700, shiftsMs: [0] },
    ]);
    // Looked at late, both are one stretch.
    expect(cut(scraped(20_800, { apartMs: 700 }), 15_700).found).toHaveLength(2);
  });

  it('wait for one whose scrape is due, and go on without waiting for what it will count later', () => {
    expect(cut(scraped(30_100, { stopped: { 'node-b': 20_000 } }), 15_000).found.at(-1)?.atMs).toBe(20_000);
    expect(cut(scraped(24_000, { stopped: { 'node-b': 20_000 } }), 10_000).found.at(-1)?.atMs).toBe(20_000);
  });

  it('use every count once, look after look', () => {
    let toMs = 10_000;
    let used = 0;
    for (let nowMs = 10_100; nowMs <= 60_100; nowMs += 700) {
      const { found, newArm } = cut(scraped(nowMs), toMs);
      for (const { fromMs, atMs } of found) {
        used += sumCells(newArm.cells, fromMs, atMs).total;
        toMs = atMs;
      }
    }
    expect(used).toBe(sumCells(cut(scraped(60_100), 0).newArm.cells, 10_000, toMs).total);
    expect(toMs).toBeGreaterThanOrEqual(58_000);
  });
});

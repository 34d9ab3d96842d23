import { describe, expect, it } from '@jest/globals';
import { replayLooks, type ReplayedLook } from '../../../../core/judge/look/replay.ts';
import { rulesOf, watchInputOf, type Overrides } from '../../../../cli/judge/watch-input.ts';
import type { Recording } from '../../../../core/judge/recording/recording.ts';
import { createRecordedSource } from '../../../../platform/metrics/recorded.ts';
import { recordedTraffic, SINCE_MS, type Traffic } from '../../../support/recorded-traffic.ts';

/** Hundreds of looks take a second or two; on a machine that is busy with other tests many more. */
const BUSY_MS = 60_000;
const itReplays = (name: string, body: () => Promise<void>): void => it(name, body, BUSY_MS);

const { signal } = new AbortController();

const replay = async (recording: Recording, overrides: Overrides): Promise<ReplayedLook[]> => {
  const input = watchInputOf(recording, rulesOf(null, overrides));
  const metrics = createRecordedSource(recording.series);
  const looks: ReplayedLook[] = [];
  for await (const one of replayLooks(input, { metrics, toMs: recording.header.toMs ?? 0, signal })) {
    looks.push(one);
    if (one.ends) break;
  }
  return looks;
};

const traffic: Traffic = {
  seed: 7,
  seconds: 400,
  newPerS: 10,
  oldPerS: 90,
  newErrors: () => 0.002,
  oldErrors: 0.002,
};
const brokenFrom = (fromS: number) => recordedTraffic({ ...traffic, newErrors: (s) => (s < fromS ? 0.002 : 0.2) });
const broken = brokenFrom(120);

describe('a replay', () => {
  it.each([
    ['sequential', { fromS: 120, withinS: 20 }],
    ['threshold', { fromS: 120, withinS: 20 }],
    // Five points of a minute.
    ['kayenta', { fromS: 0, withinS: 300 }],
  ] as const)(
    'finds with the %s judge that a version broke',
    async (judge, { fromS, withinS }) => {
      const looks = await replay(brokenFrom(fromS), { judge });
      const last = looks.at(-1);
      expect(last).toMatchObject({ verdict: 'breach', breached: ['aws'], ends: true });
      expect(last?.reason).toContain('v2');
      expect(looks.slice(0, -1).map(({ verdict }) => verdict)).not.toContain('breach');
      const afterS = ((last?.atMs ?? 0) - SINCE_MS) / 1000;
      expect(afterS).toBeGreaterThan(fromS);
      expect(afterS).toBeLessThanOrEqual(fromS + withinS);
    },
    BUSY_MS,
  );

  it.each(['sequential', 'threshold', 'kayenta'] as const)(
    'ends healthy with the %s judge when both versions are alike',
    async (judge) => {
      const looks = await replay(recordedTraffic(traffic), { judge });
      expect(looks.at(-1)).toMatchObject({ verdict: 'healthy' });
      expect(looks.at(-1)?.atMs).toBeGreaterThan(SINCE_MS + 390_000);
      expect(looks.map(({ verdict }) => verdict)).not.toContain('breach');
    },
    BUSY_MS,
  );

  itReplays(
    'knows nothing of the future: the looks before an instant are the same without what came later',
    async () => {
      const { header, series } = broken;
      const cut = SINCE_MS + 100_000;
      const past = series.map((one) => ({ ...one, samples: one.samples.filter(({ atMs }) => atMs <= cut) }));
      const short = await replay({ header: { ...header, toMs: cut, sharePercent: 10 }, series: past }, {});
      const long = await replay({ header: { ...header, sharePercent: 10 }, series }, {});
      expect(long.slice(0, short.length)).toEqual(short);
      expect(short.length).toBeGreaterThan(40);
    },
  );

  itReplays('says unknown and why when a counter has a value that no counter can have', async () => {
    const { header, series } = recordedTraffic(traffic);
    const odd = series.map((one, i) =>
      i > 0 ? one : { ...one, samples: one.samples.map((sample) => ({ ...sample, value: Number.NaN })) },
    );
    const looks = await replay({ header, series: odd }, { slos: ['server-errors'] });
    expect(new Set(looks.map(({ verdict }) => verdict))).toEqual(new Set(['unknown']));
    expect(looks.at(-1)?.reason).toContain('is not a counter: it has the value NaN');
  });

  itReplays('says unknown when nothing was recorded, since no data is no verdict', async () => {
    const { header } = recordedTraffic(traffic);
    const looks = await replay({ header: { ...header, toMs: SINCE_MS + 30_000 }, series: [] }, {});
    expect(looks.at(-1)?.verdict).toBe('unknown');
  });

  itReplays('stops hard where a rollout would: requests go in, and nothing comes out', async () => {
    const { header, series } = recordedTraffic({ ...traffic, seconds: 120 });
    const stat = series.find(({ labels }) => labels['__name__'] === 'envoy_cluster_upstream_rq_total')?.labels;
    const hung = series.map((one) => {
      const { __name__: name = '', envoy_cluster_name: envoy, service_version: version } = one.labels;
      const answers = name.endsWith('_rq_xx') && envoy === stat?.['envoy_cluster_name'];
      return answers || version === 'v2'
        ? { ...one, samples: one.samples.map((sample) => ({ ...sample, value: 0 })) }
        : one;
    });
    const looks = await replay({ header, series: hung }, {});
    expect(looks.at(-1)).toMatchObject({ verdict: 'breach' });
    expect(looks.at(-1)?.reason).toContain('answers nothing');
  });
});

describe('the rules of a replay', () => {
  const own = { ...rulesOf(null, {}), warmUpMs: 5_000 };

  it("take the judge's own warm-up with another judge, and the Service's with its own", () => {
    expect(rulesOf(own, {}).warmUpMs).toBe(5_000);
    expect(rulesOf(own, { judge: 'sequential' }).warmUpMs).toBe(5_000);
    expect(rulesOf(own, { judge: 'threshold' }).warmUpMs).toBe(0);
    expect(rulesOf(own, { judge: 'threshold', warmUpMs: 1 }).warmUpMs).toBe(1);
  });

  it('let another judge decide every SLO, and name an SLO that is not there', () => {
    const slos = own.slos.map((slo) => ({ ...slo, judge: own.judge }));
    expect(rulesOf({ ...own, slos }, { judge: 'kayenta' }).slos.map(({ judge }) => judge)).toEqual([
      undefined,
      undefined,
    ]);
    expect(rulesOf({ ...own, slos }, { slos: ['server-errors'] }).slos).toHaveLength(1);
    expect(() => rulesOf(own, { slos: ['latency'] })).toThrow('there is no SLO latency');
  });

  it('add the sequential judge as a shadow for its evidence, once', () => {
    const shadows = (overrides: Overrides) => rulesOf(own, overrides).slos.map(({ shadow = [] }) => shadow.length);
    expect(shadows({ judge: 'threshold', evidence: true })).toEqual([1, 1]);
    expect(shadows({ evidence: true })).toEqual([0, 0]);
  });
});

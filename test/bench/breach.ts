/** How long clients meet a bad canary: from the first bad response to the verdict, the weights and the proof. */
import type { TrafficReport } from '../../infra/lab/load/report.ts';
import type { Bench, BenchContext, Measure } from './bench.ts';
import { judgeText, labText, metricsIntervalMs, metricsText, slosText, judge } from './settings.ts';
import { median } from './statistics.ts';
import { assertOutcome, service, steps, withShop, type Shop } from './shop.ts';

const share = 5;
const errors = 0.2;
/** Good time before a fault that begins in mid-bake, ms. */
const goodMs = 6_000;
/** Phase of the metrics that the onsets are spread over, ms. */
const spreadMs = 2_000;

interface Way {
  /** ms after the first bad response that a client got. */
  readonly verdict: number;
  readonly written: number;
  readonly lastSeen: number;
  readonly proven: number;
  readonly badRequests: number;
  readonly requests: number;
  readonly otherFailures: number;
}

export const breachBench: Bench = {
  name: 'breach',
  about: 'first bad response → verdict → weights written → traffic verified back; bad requests served',
  repeats: 5,
  async run(context) {
    const { atOnce, later } = await withShop({ ...context, name: 'breach' }, (shop) => ways(shop, context));
    const verdicts = (ways: readonly Way[]): number[] => ways.map((way) => way.verdict / 1000);
    const [sequential, threshold] = judges.map((name) => median(verdicts(atOnce[name])));
    return {
      title: 'The way back from a breach',
      settings: {
        lab: labText(),
        metrics: metricsText,
        canary: `${share} % of one cluster (${share * 2} requests/s), ${errors * 100} % of its answers are 500`,
        judges: `sequential (default, warmUp 0 s) and ${judgeText(judge)}, in turn`,
        SLOs: slosText,
        'fault from the first request': 'the version is bad before it gets traffic',
        'fault in mid-bake': `begins ${goodMs / 1000} to ${(goodMs + spreadMs) / 1000} s into the bake, behind good requests`,
      },
      measures: [
        ...judges.flatMap((name) => [
          ...measuresOf(`${name}: fault from the first request`, atOnce[name]),
          ...measuresOf(`${name}: fault in mid-bake`, later[name]),
        ]),
        {
          what: 'fault from the first request: verdict of sequential after that of threshold',
          unit: 's',
          values: [(sequential ?? NaN) - (threshold ?? NaN)],
          bound: { of: 'every', atMost: metricsIntervalMs / 1000 },
        },
        {
          what: 'failures that the bad version did not cause',
          unit: '',
          values: [...Object.values(atOnce), ...Object.values(later)].flat().map((way) => way.otherFailures),
          bound: { of: 'every', atMost: 0 },
        },
      ],
      notes: [
        'Time 0 is when the first request was sent that a client got a bad answer to, as the load generator saw it; the other moments are those of the rollout (status.moments), on the same machine and clock.',
        'Traffic verified back: every Envoy of the client cluster was scraped anew and the withdrawn version got no new request in two scrapes. The last answer of the bad version is what clients saw themselves, in steps of 250 ms.',
        'Bad requests served are those of all clients, from the first to the last.',
      ],
    };
  },
};

const judges = ['sequential', 'threshold'] as const;
type Ways = Record<(typeof judges)[number], Way[]>;

async function ways(shop: Shop, { repeats, report }: BenchContext): Promise<{ atOnce: Ways; later: Ways }> {
  const rollout = { canary: steps('60s', share, 100), rest: steps('10s', 100), warm: '10m' };
  await shop.configure(rollout);
  report('adopting the service');
  assertOutcome(await shop.play({ kind: 'adopt' }), 'promoted');
  const atOnce: Ways = { sequential: [], threshold: [] };
  const later: Ways = { sequential: [], threshold: [] };
  for (let i = 0; i < repeats; i++) {
    for (const name of judges) {
      await shop.configure({ ...rollout, judge: name });
      report(`repeat ${i + 1} of ${repeats}, ${name}: bad from the first request`);
      atOnce[name].push(await wayBack(shop, `bad-${name[0]}-${i + 1}`, null));
      report(`repeat ${i + 1} of ${repeats}, ${name}: bad in mid-bake`);
      later[name].push(await wayBack(shop, `later-${name[0]}-${i + 1}`, goodMs + ((i + 0.5) / repeats) * spreadMs));
    }
  }
  return { atOnce, later };
}

/** `afterMs`: when in the bake the fault begins; null = before the first request. */
async function wayBack(shop: Shop, version: string, afterMs: number | null): Promise<Way> {
  const { lab } = shop.rig;
  const since = Date.now();
  const fail = (): Promise<void> =>
    lab.break('errors', service, version, '--ratio', String(errors), '--cluster', shop.first);
  if (afterMs === null) await fail();
  const act = await shop.deploy(version, async (handle) => {
    if (afterMs === null) return;
    if (!(await shop.until(handle, ({ phase }) => phase === 'baking'))) return;
    await shop.wait(afterMs);
    await fail();
  });
  assertOutcome(act, 'restored');
  await shop.retired(act.plan);
  await lab.break('heal');
  const seen = await lab.traffic.report({ since });
  const firstBad = seen.firstBad[version];
  const { verdict, written, proven } = act.status.moments;
  if (firstBad === undefined || verdict === null || written === null || proven === null)
    throw new Error(`${version} was taken back without a breach that clients saw: ${act.status.reason}`);
  const ofVersion = seen.groups.filter((group) => group.version === version);
  const bad = ofVersion.filter(({ outcome }) => outcome !== 'ok');
  return {
    verdict: verdict - firstBad,
    written: written - firstBad,
    lastSeen: (await lastAnswer(shop, version, { from: firstBad, to: Date.now() })) - firstBad,
    proven: proven - firstBad,
    badRequests: sum(bad),
    requests: sum(ofVersion),
    otherFailures: seen.failed - sum(bad),
  };
}

const sum = (groups: TrafficReport['groups']): number => groups.reduce((total, { count }) => total + count, 0);

/** Width of the load generator's buckets, ms. */
const bucketMs = 250;

/** End of the last bucket in which the version answered somebody: found by halving. */
async function lastAnswer(shop: Shop, version: string, span: { from: number; to: number }): Promise<number> {
  let [low, high] = [Math.floor(span.from / bucketMs), Math.ceil(span.to / bucketMs)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const { groups } = await shop.rig.lab.traffic.report({ since: middle * bucketMs });
    if (groups.some((group) => group.version === version)) low = middle;
    else high = middle;
  }
  return (low + 1) * bucketMs;
}

/** Bounds of issue 3 hold for the fault that it names: one that is there from the first request or begins later. */
function measuresOf(what: string, ways: readonly Way[]): Measure[] {
  const seconds = (pick: (way: Way) => number): number[] => ways.map((way) => pick(way) / 1000);
  return [
    {
      what: `${what}: to the verdict`,
      unit: 's',
      values: seconds((way) => way.verdict),
      bound: { of: 'median', atMost: 8 },
    },
    { what: `${what}: to the weights written`, unit: 's', values: seconds((way) => way.written) },
    { what: `${what}: to the last answer of the bad version`, unit: 's', values: seconds((way) => way.lastSeen) },
    {
      what: `${what}: to the traffic verified back`,
      unit: 's',
      values: seconds((way) => way.proven),
      bound: { of: 'median', atMost: 15 },
    },
    { what: `${what}: bad requests served`, unit: '', values: ways.map((way) => way.badRequests) },
    { what: `${what}: requests of the version`, unit: '', values: ways.map((way) => way.requests) },
  ];
}

/** What a look costs: processor time and bytes of state. */
import type { Comparable, JudgeInput } from '../../../core/judge/judge.ts';
import { judgeSequential, type SequentialState } from '../../../core/judge/sequential/judge.ts';
import type { SequentialSettings, Slo } from '../../../core/judge/settings.ts';
import { quantile } from '../statistics.ts';
import { createArm } from './arms.ts';
import { edgesS, latencySlo } from './latency-runs.ts';
import { createRandom } from './random.ts';
import { whole, type Section, type Table } from './table.ts';
import { drawPods } from './traffic.ts';
import { errorsSlo, settings } from './watch.ts';

const LOOKS = 2000;
/** Looks before the first that is measured: a service is warm after a minute. */
const WARM = 300;
const POLL_MS = 10_000;

interface Case {
  readonly what: string;
  readonly perSecond: number;
  readonly badRatio: number;
  readonly slo: Slo;
  readonly atMostMs: number;
}

const cases: readonly Case[] = [
  { what: 'errors, 20 requests/s, 0.1 % bad', perSecond: 20, badRatio: 0.001, slo: errorsSlo, atMostMs: 1 },
  { what: 'errors, 1000 requests/s, 0.1 % bad', perSecond: 1000, badRatio: 0.001, slo: errorsSlo, atMostMs: 1 },
  { what: 'errors, 10 000 requests/s, 1 % bad', perSecond: 10_000, badRatio: 0.01, slo: errorsSlo, atMostMs: 1 },
  { what: 'errors, 10 000 requests/s, 50 % bad', perSecond: 10_000, badRatio: 0.5, slo: errorsSlo, atMostMs: 5 },
  {
    what: `latency (one of ${edgesS.length} edges), 10 000 requests/s, 50 % slow at each edge`,
    perSecond: 10_000,
    badRatio: 0.5,
    slo: latencySlo,
    atMostMs: 5,
  },
];

export const costTable: Table = {
  name: 'cost',
  about: 'processor time of a look, and bytes of state',
  run: async ({ scale }) => ({
    title: 'Cost of a look',
    settings: {
      judge: 'sequential as a whole (judgeSequential, sentences included), one cluster, share 5 %, polls of 10 s',
      looks: `${whole(LOOKS, scale)} measured after ${WARM} to get warm`,
      seeds: '0, with the name of the case',
    },
    sections: [
      {
        title: 'Per metric, cluster and poll: < 1 ms, < 5 ms with many bad',
        rows: cases.map((one) => measure(one, scale)),
      },
    ],
    notes: [
      'Median and 99th percentile of the wall clock on one thread: others that use the machine are in the percentile.',
      'A latency SLO is one comparison for each edge; its row is the whole look divided by the edges, and its state is that of all edges.',
    ],
  }),
};

const measure = ({ what, perSecond, badRatio, slo, atMostMs }: Case, scale: number): Section['rows'][number] => {
  const random = createRandom(what, 0);
  const own = settings;
  const looks = WARM + whole(LOOKS, scale);
  const edges = slo.indicator.kind === 'latency' ? edgesS : [];
  const level = { perSecond, share: 0.05, newRatio: badRatio, oldRatio: badRatio, burst: 1 };
  let state: SequentialState | null = null;
  const times: number[] = [];
  for (let look = 1; look <= looks; look++) {
    const [newArm, oldArm] = [createArm(), createArm()];
    const nowMs = look * POLL_MS;
    const pods = drawPods(random, level, POLL_MS / 1000);
    newArm.add(pods.newer, { fromMs: nowMs - POLL_MS, atMs: nowMs });
    oldArm.add(pods.older, { fromMs: nowMs - POLL_MS, atMs: nowMs });
    const arms = { newArm: newArm.since(0, nowMs), oldArm: oldArm.since(0, nowMs) };
    const comparison: Comparable = {
      compared: true,
      edges: Object.fromEntries(edges.map((edge) => [String(edge), arms])),
    };
    const input: JudgeInput<SequentialSettings> = {
      ...{ slo, settings: own, nowMs, staleMs: 30_000, intervalMs: POLL_MS },
      strata: [
        {
          ...{ cluster: 'a', newVersion: 'v2', oldVersion: 'v1', sinceMs: 0, comparison },
          ...{ newArm: arms.newArm, oldArm: arms.oldArm, newWhole: newArm.whole(), oldWhole: oldArm.whole() },
        },
      ],
    };
    const begun = performance.now();
    state = judgeSequential(input, state).state;
    if (look > WARM) times.push(performance.now() - begun);
  }
  const per = Math.max(1, edges.length);
  return {
    what,
    median: `${(quantile(times, 0.5) / per).toFixed(3)} ms`,
    '99 % within': `${(quantile(times, 0.99) / per).toFixed(3)} ms`,
    'must hold (median)': `< ${atMostMs} ms`,
    'state, bytes of JSON': JSON.stringify(state).length,
    holds: quantile(times, 0.5) / per < atMostMs,
  };
};

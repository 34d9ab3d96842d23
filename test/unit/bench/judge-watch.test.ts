/** The judge's bench takes a short way to the judge: here both are held side by side. */
import { describe, expect, it } from '@jest/globals';
import { judgeSequential, type SequentialState } from '../../../core/judge/sequential/judge.ts';
import { noDispersion, phiOf, priorOf } from '../../../core/judge/sequential/dispersion.ts';
import type { Total } from '../../../core/judge/arms/arms.ts';
import { aaRun, judgedRun, stretchOf, type AaCell } from '../../bench/judge/aa-runs.ts';
import { createArm } from '../../bench/judge/arms.ts';
import { createRandom } from '../../bench/judge/random.ts';
import { createScreen } from '../../bench/judge/screen.ts';
import { drawPods, type Level } from '../../bench/judge/traffic.ts';
import { createWatch, errorsObjective, errorsSlo, settings } from '../../bench/judge/watch.ts';

const POLL_MS = 10_000;
const HISTORY = 30;
const LOOKS = 60;

const bothWays = (level: Level, seed: number) => {
  const random = createRandom('both ways', seed);
  const [newArm, oldArm, history] = [createArm(), createArm(), createArm()];
  const steps: (readonly Total[])[] = [];
  for (let poll = -HISTORY; poll < 0; poll++) {
    const { older } = drawPods(random, { ...level, share: 0 }, POLL_MS / 1000);
    history.add(older, { fromMs: poll * POLL_MS, atMs: (poll + 1) * POLL_MS });
    steps.push(older);
  }
  const oldHistory = history.since(-Infinity, 0).pods;
  const watch = createWatch(errorsObjective(), { '': priorOf(steps) });
  let state: SequentialState | null = null;
  let before: Total | undefined;
  for (let look = 1; look <= LOOKS; look++) {
    const nowMs = look * POLL_MS;
    const pods = drawPods(random, level, POLL_MS / 1000);
    newArm.add(pods.newer, { fromMs: nowMs - POLL_MS, atMs: nowMs });
    oldArm.add(pods.older, { fromMs: nowMs - POLL_MS, atMs: nowMs });
    const short = watch.look(stretchOf(pods, before, nowMs / 1000)) !== undefined;
    before = pods.newer[0];
    const judged = judgeSequential(
      {
        ...{ slo: errorsSlo, settings, nowMs, staleMs: 30_000, intervalMs: POLL_MS },
        strata: [
          {
            ...{ cluster: 'a', newVersion: 'v2', oldVersion: 'v1', sinceMs: 0 },
            ...{ newArm: newArm.since(0, nowMs), oldArm: oldArm.since(0, nowMs) },
            ...{ newWhole: newArm.whole(), oldWhole: oldArm.whole() },
            comparison: { compared: true, history: { own: oldHistory, edges: {} }, edges: {} },
          },
        ],
      },
      state,
    );
    state = judged.state;
    const long = judged.readings.some(({ verdict }) => verdict === 'breach');
    if (short || long) return { look, short, long, watch, state };
  }
  return { look: LOOKS, short: false, long: false, watch, state };
};

describe('the short way of the judge’s bench', () => {
  it.each([
    ['alike, rare errors', { perSecond: 200, share: 0.05, newRatio: 0.001, oldRatio: 0.001, burst: 1 }],
    ['alike, in bursts', { perSecond: 20, share: 0.25, newRatio: 0.01, oldRatio: 0.01, burst: 3 }],
    ['five times worse', { perSecond: 200, share: 0.05, newRatio: 0.01, oldRatio: 0.002, burst: 1 }],
    ['beyond its budget', { perSecond: 20, share: 0.05, newRatio: 0.2, oldRatio: 0.001, burst: 1 }],
    ['two new pods, worse', { perSecond: 1000, share: 0.25, newRatio: 0.004, oldRatio: 0.002, burst: 1 }],
  ] satisfies [string, Level][])(
    'breaches at the same look with the same evidence as the whole judge: %s',
    (_, level) => {
      for (let seed = 0; seed < 8; seed++) {
        const { short, long, watch, state } = bothWays(level, seed);
        expect(short).toBe(long);
        const [mine, theirs] = [watch.stratum(), state?.evidence.strata['a']];
        expect(mine.comparisons['']?.whole).toEqual(theirs?.comparisons['']?.whole);
        expect(mine.absolute).toEqual(theirs?.absolute);
        expect(phiOf(mine.comparisons['']?.dispersion ?? noDispersion)).toBeCloseTo(
          phiOf(theirs?.comparisons['']?.dispersion ?? noDispersion),
          9,
        );
      }
    },
  );
});

describe('the screen of the judge’s bench', () => {
  it.each([
    { perSecond: 5, share: 0.25, base: 0.01, burst: 5, hours: 1, scenario: 'steady' },
    { perSecond: 200, share: 0.05, base: 0.01, burst: 5, hours: 1, scenario: 'steady' },
    { perSecond: 200, share: 0.01, base: 0.001, burst: 1, hours: 1, scenario: 'outage 30 %' },
    { perSecond: 20, share: 0.01, base: 0.01, burst: 3, hours: 1, scenario: 'drift' },
  ] satisfies AaCell[])('lets no breach pass: $perSecond requests/s, $scenario', (cell) => {
    const objective = errorsObjective();
    for (let seed = 0; seed < 30; seed++) {
      const why = judgedRun(createRandom('screen', seed), cell, objective);
      const stopped = aaRun(createRandom('screen', seed), cell, () => createScreen(objective));
      if (why !== undefined) expect(stopped).toBe('maybe');
    }
  });
});

import { describe, expect, it } from '@jest/globals';
import { noArm, type Cell } from '../../../../core/judge/arms/arms.ts';
import type { Judged, StratumCounts } from '../../../../core/judge/judge.ts';
import type { Slo, ThresholdSettings } from '../../../../core/judge/settings.ts';
import type { ThresholdState } from '../../../../core/judge/threshold/threshold-tally.ts';
import { judgeThreshold } from '../../../../core/judge/threshold/threshold.ts';
import { argoEveryMinute, argoExample, flaggerExample } from '../../../support/peer-judges.ts';

const MINUTE_MS = 60_000;

interface Watch {
  readonly settings: ThresholdSettings;
  readonly target?: number;
  /** Requests and bad ones of each minute; null: no sample; a string: the provider fails with it. */
  readonly minutes: readonly (readonly [total: number, bad: number] | null | string)[];
  readonly looksPerMinute?: number;
}

/** Looks from the first minute on, each with the state that the one before left; one cell per minute. */
const watch = ({ settings, target = 0.99, minutes, looksPerMinute = 1 }: Watch): Judged<ThresholdState>[] => {
  const slo: Slo = { name: 'errors', source: 'server', indicator: { kind: 'errors' }, target };
  const cells: Cell[] = [];
  const looks: Judged<ThresholdState>[] = [];
  minutes.forEach((minute, i) => {
    if (Array.isArray(minute)) {
      const [total, bad] = minute as readonly [number, number];
      cells.push({ fromMs: i * MINUTE_MS, atMs: (i + 1) * MINUTE_MS, total, bad });
    }
    for (let look = 0; look < looksPerMinute; look++) {
      const nowMs = (i + 1) * MINUTE_MS + (look * MINUTE_MS) / looksPerMinute;
      const newWhole = cells.reduce((sum, cell) => ({ total: sum.total + cell.total, bad: sum.bad + cell.bad }), {
        total: 0,
        bad: 0,
      });
      const newArm = { ...noArm, cells: [...cells], newestMs: cells.at(-1)?.atMs ?? null };
      const whole = { newWhole, oldWhole: { total: 0, bad: 0 } };
      const stratum: StratumCounts = {
        cluster: 'aws',
        newVersion: 'v2',
        oldVersion: '',
        newArm,
        oldArm: noArm,
        ...whole,
        sinceMs: 0,
      };
      const failure = typeof minute === 'string' ? { providerError: minute } : {};
      const state = looks.at(-1)?.state ?? null;
      const input = { slo, settings, nowMs, staleMs: MINUTE_MS, strata: [stratum], ...failure };
      looks.push(judgeThreshold(input, JSON.parse(JSON.stringify(state)) as ThresholdState | null));
    }
  });
  return looks;
};

const verdicts = (looks: readonly Judged<ThresholdState>[]) => looks.map(({ readings }) => readings[0]?.verdict);
const times = <T>(n: number, of: T): T[] => Array.from({ length: n }, () => of);

const plain: ThresholdSettings = {
  pollMs: MINUTE_MS,
  windowMs: MINUTE_MS,
  minRequests: 1,
  minBad: 1,
  alpha: 1,
  intervalMs: MINUTE_MS,
};

describe('limits of the threshold judge', () => {
  it('compares plainly with alpha 1: one bad request more than the objective allows is a failed measurement', () => {
    expect(verdicts(watch({ settings: plain, minutes: [[100, 1]] }))).toEqual(['healthy']);
    expect(verdicts(watch({ settings: plain, minutes: [[100, 2]] }))).toEqual(['breach']);
  });

  it('counts failed measurements over the whole watch, not in a row, as Flagger and Argo do', () => {
    const settings = { ...plain, failureLimit: 2 };
    const looks = watch({
      settings,
      minutes: [
        [100, 5],
        [100, 0],
        [100, 5],
        [100, 0],
        [100, 5],
      ],
    });
    expect(verdicts(looks)).toEqual(['unknown', 'healthy', 'unknown', 'healthy', 'breach']);
    expect(looks.at(-1)?.readings[0]?.reason).toContain('3 failed measurements, 2 are tolerated');
  });

  it('is not held by the sum of the bake once the newest measurement passes: tolerated is tolerated', () => {
    const [, last] = watch({
      settings: { ...plain, failureLimit: 1 },
      minutes: [
        [100, 50],
        [100, 0],
      ],
    });
    expect(last?.readings[0]).toMatchObject({
      verdict: 'healthy',
      reason: expect.stringContaining('1 failed and 1 are tolerated'),
    });
  });

  it('stays a breach once the limit is passed, whatever comes after', () => {
    const looks = watch({
      settings: plain,
      minutes: [
        [100, 5],
        [100, 0],
      ],
    });
    expect(verdicts(looks)).toEqual(['breach', 'breach']);
  });

  it('measures once per interval, however often it looks: looks in between change no count', () => {
    const settings = { ...plain, pollMs: 10_000, failureLimit: 3 };
    const looks = watch({ settings, minutes: times(4, [100, 5] as const), looksPerMinute: 6 });
    expect(verdicts(looks).indexOf('breach')).toBe(18);
    expect(looks.at(-1)?.state.tallies['aws']?.failed).toBe(4);
  });

  it('does not measure the same counts twice: a backend that lags would turn one bad minute into several', () => {
    const settings = { ...plain, pollMs: 10_000, intervalMs: 10_000, failureLimit: 1 };
    const looks = watch({ settings, minutes: [[100, 5]], looksPerMinute: 6 });
    expect(looks.at(-1)?.state.tallies['aws']?.failed).toBe(1);
  });

  it('ends as unknown after too many errors of the provider in a row, and never breaches on them', () => {
    const settings = { ...plain, consecutiveErrorLimit: 4 };
    const looks = watch({ settings, minutes: [[100, 0], ...times(5, '503 from Prometheus')] });
    expect(verdicts(looks)).toEqual(['healthy', ...times(5, 'unknown')]);
    expect(looks.map(({ ends }) => ends)).toEqual([...times(5, undefined), true]);
    expect(looks.at(-1)?.readings[0]?.reason).toBe(
      'the metrics provider failed 5 times in a row, 4 are tolerated: 503 from Prometheus',
    );
  });

  it('forgets errors of the provider as soon as it answers: only those in a row count', () => {
    const settings = { ...plain, consecutiveErrorLimit: 1 };
    const looks = watch({ settings, minutes: ['dead', [100, 0], 'dead', [100, 0], 'dead'] });
    expect(looks.map(({ ends }) => ends)).toEqual(times(5, undefined));
  });

  it('holds for ever on errors when no limit is set: today’s watch waits for a person after maxUnknown', () => {
    const looks = watch({ settings: plain, minutes: times(30, 'dead') });
    expect(looks.some(({ ends }) => ends)).toBe(false);
  });

  it('ends as unknown after too many measurements without enough data', () => {
    const settings = { ...plain, minRequests: 20, inconclusiveLimit: 1 };
    const looks = watch({
      settings,
      minutes: [
        [100, 0],
        [3, 0],
        [3, 0],
      ],
    });
    expect(verdicts(looks)).toEqual(['healthy', 'healthy', 'unknown']);
    expect(looks.map(({ ends }) => ends)).toEqual([undefined, undefined, true]);
    expect(looks.at(-1)?.readings[0]?.reason).toBe(
      '2 measurements of v2 in aws without enough data, 1 are tolerated: fewer than 20 requests',
    );
  });
});

describe('settings of the peers', () => {
  const at = (minutes: number) => times(minutes, [100, 10] as const);

  it('Flagger’s example breaches at the fifth failed check, and not below 99 % once', () => {
    const { settings, target } = flaggerExample;
    const looks = watch({ settings, target: target ?? NaN, minutes: at(6) });
    expect(verdicts(looks)).toEqual([...times(4, 'unknown'), 'breach', 'breach']);
    expect(verdicts(watch({ settings, minutes: times(20, [100, 1] as const) }))).toEqual(times(20, 'healthy'));
  });

  it('Argo’s example breaches at the fourth failed measurement: after 20 minutes, or 4 with 60 s', () => {
    const first = ({ settings, target }: typeof argoExample): number =>
      verdicts(watch({ settings, target: target ?? NaN, minutes: at(30) })).indexOf('breach') + 1;
    expect([first(argoExample), first(argoEveryMinute)]).toEqual([20, 4]);
  });

  it('Argo’s example never sees an error share below its 5 %', () => {
    const { settings, target } = argoEveryMinute;
    const looks = watch({ settings, target: target ?? NaN, minutes: times(60, [100, 4] as const) });
    expect(new Set(verdicts(looks))).toEqual(new Set(['healthy']));
  });
});

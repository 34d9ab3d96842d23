/**
 * Other tools' documented settings, as configurations of our own judges: what they would decide on the same counts.
 * Where a tool decides otherwise than our judge can, the note says so.
 */
import { kayentaDefaults } from '../../core/config/defaults.ts';
import type { KayentaSettings, ThresholdSettings } from '../../core/judge/settings.ts';

interface PeerJudge<Settings> {
  readonly settings: Settings;
  /** Share of good requests that the tool's example asks for; null: it compares the two versions. */
  readonly target: number | null;
  /** Time from the verdict to the tool's rollback, ms; 0: it acts at once. */
  readonly actsAfterMs: number;
  readonly note: string;
}

const MINUTE_MS = 60_000;

/** Looks are more frequent than measurements, ms: a judge that is due late by one look is late by that little. */
const LOOK_MS = 10_000;

/** The share of the window against the objective, whatever the chance, from the first request on. */
const plainComparison = { type: 'threshold', minRequests: 1, minBad: 1, alpha: 1 } as const;

/** docs.flagger.app/usage/metrics and its tutorials: interval 1m, threshold 5, request-success-rate min 99 over 1m. */
export const flaggerExample: PeerJudge<ThresholdSettings> = {
  settings: {
    ...plainComparison,
    pollMs: LOOK_MS,
    intervalMs: MINUTE_MS,
    windowMs: MINUTE_MS,
    // failedChecks >= threshold rolls back: the fifth failed check is one more than four.
    failureLimit: 4,
  },
  target: 0.99,
  actsAfterMs: MINUTE_MS,
  note: 'Flagger rolls back on the tick after the fifth failed check, and counts errors of Prometheus and windows without requests as failed checks; here both are unknown.',
};

/** The success-rate example of argo-rollouts.readthedocs.io/en/stable/features/analysis, with Argo's default limits. */
const argo = (intervalMs: number, note: string): PeerJudge<ThresholdSettings> => ({
  settings: {
    ...plainComparison,
    pollMs: LOOK_MS,
    intervalMs,
    windowMs: intervalMs,
    failureLimit: 3,
    consecutiveErrorLimit: 4,
    inconclusiveLimit: 0,
  },
  target: 0.95,
  actsAfterMs: 0,
  note: `${note} Argo measures at once and then every interval, here the first time after one interval. The example's irate() takes the last two samples of its range, one scrape interval; here the whole interval counts.`,
});

export const argoExample = argo(5 * MINUTE_MS, 'As documented: interval 5m, failureLimit 3, success rate >= 95 %.');
export const argoEveryMinute = argo(MINUTE_MS, 'The same with an interval of 60 s.');

/** Kayenta's documented defaults: a point a minute, 98 %, any significant increase; judged every 5 minutes. */
export const kayentaExample: PeerJudge<KayentaSettings> = {
  settings: {
    type: 'kayenta',
    pollMs: LOOK_MS,
    intervalMs: MINUTE_MS,
    analysisIntervalMs: 5 * MINUTE_MS,
    minPoints: kayentaDefaults.minPoints,
    direction: 'increase',
    nanStrategy: 'remove',
    outliers: { strategy: 'keep', factor: kayentaDefaults.outlierFactor },
    effectSize: { measure: 'meanRatio', allowedIncrease: 1, allowedDecrease: 1 },
    scores: { pass: 95, marginal: 75 },
  },
  target: null,
  actsAfterMs: 0,
  note: 'Kayenta compares with a fresh baseline of the size of the canary; here with the old version as it serves.',
};

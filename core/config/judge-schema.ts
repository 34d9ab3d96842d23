/** Judges as users write them: one set of fields per type. The type may be left out for the default one. */
import { z } from 'zod';
import type { JudgeSettings, KayentaSettings, ThresholdSettings } from '../judge/settings.ts';
import { formatDuration } from '../values/duration.ts';
import { judgeDefaults, kayentaDefaults, sequentialDefaults, thresholdDefaults } from './defaults.ts';
import { duration, resourceName } from './values.ts';
import { present } from '../values/json.ts';

/** The judge reads the counts again at every look, and a look reads ten minutes at most: points are shorter than that. */
const LONGEST_POINT_MS = 5 * 60_000;

const poll = () => duration({ minMs: 500 }).meta({ description: 'Time between two looks.' });
const limit = () => z.int().gte(0).lte(1000);

const threshold = z
  .strictObject({
    type: z.literal('threshold'),
    interval: duration({ minMs: 500 }).prefault(thresholdDefaults.interval),
    poll: poll().optional().meta({ description: 'Time between two looks; as long as the interval if left out.' }),
    window: duration({ minMs: 1000 }).prefault(thresholdDefaults.window),
    minRequests: z.int().gte(1).prefault(thresholdDefaults.minRequests),
    minBad: z.int().gte(1).prefault(thresholdDefaults.minBad),
    alpha: z.number().gt(0).lte(1).prefault(thresholdDefaults.alpha),
    failureLimit: limit()
      .prefault(thresholdDefaults.failureLimit)
      .meta({ description: 'Failed measurements that are tolerated.' }),
    consecutiveErrorLimit: limit().optional().meta({
      description: 'Failures of the metrics provider in a row that are tolerated; no limit if left out.',
    }),
    inconclusiveLimit: limit().optional().meta({
      description: 'Measurements without enough data that are tolerated; no limit if left out.',
    }),
  })
  .superRefine(({ interval, poll: look = interval, window }, context) => {
    const shorter = (path: string, than: number, hint: string): void => {
      const message = `is shorter than the ${path === 'window' ? 'interval' : 'poll'} of ${formatDuration(than)}`;
      context.addIssue({ code: 'custom', path: [path], message, params: { hint } });
    };
    if (window < interval) shorter('window', interval, 'a window spans at least one interval');
    if (interval < look) shorter('interval', look, 'a measurement is made at a look: look at least once per interval');
  });

const percent = () => z.number().gte(0).lte(100);
const effect = () => z.number().gte(0);

const effectSize = z
  .strictObject({
    measure: z.enum(['meanRatio', 'cles']).prefault(kayentaDefaults.effectMeasure),
    allowedIncrease: effect().optional().meta({ description: 'Default 1 (meanRatio) or 0.5 (cles).' }),
    allowedDecrease: effect().optional().meta({ description: 'Default 1 (meanRatio) or 0.5 (cles).' }),
    criticalIncrease: effect().optional().meta({
      description: 'What a failure of a critical SLO must reach to fail the canary; any if left out.',
    }),
    criticalDecrease: effect().optional(),
  })
  .prefault({});

/** Of sums of decimal fractions. */
export const ROUNDING = 1e-6;

export const sumOf = (weights: Readonly<Record<string, number>>): number =>
  Object.values(weights).reduce((sum, weight) => sum + weight, 0);

const groupName = () => resourceName('group name');

/** What an SLO is to the canary that the service's judge makes of all of them. */
export const kayentaMetricSchema = z
  .strictObject({
    groups: z.array(groupName()).min(1).max(10).optional(),
    critical: z.boolean().prefault(false).meta({ description: 'A failure of this SLO fails the canary.' }),
    mustHaveData: z
      .boolean()
      .prefault(true)
      .meta({ description: 'false: without data it counts for nothing. true: the canary waits for it.' }),
  })
  .meta({ title: 'kayenta metric' });

const kayenta = z
  .strictObject({
    type: z.literal('kayenta'),
    poll: poll().prefault(kayentaDefaults.poll),
    interval: duration({ minMs: 1000, maxMs: LONGEST_POINT_MS }).prefault(kayentaDefaults.interval),
    analysisInterval: duration({ minMs: 1000 }).prefault(kayentaDefaults.analysisInterval),
    minPoints: z.int().gte(2).lte(100).prefault(kayentaDefaults.minPoints),
    direction: z.enum(['increase', 'decrease', 'either']).prefault(kayentaDefaults.direction),
    nanStrategy: z.enum(['remove', 'replace']).prefault(kayentaDefaults.nanStrategy),
    outliers: z
      .strictObject({
        strategy: z.enum(['keep', 'remove']).prefault(kayentaDefaults.outlierStrategy),
        outlierFactor: z.number().gt(0).prefault(kayentaDefaults.outlierFactor),
      })
      .prefault({}),
    effectSize,
    scores: z
      .strictObject({
        pass: percent().prefault(kayentaDefaults.pass),
        marginal: percent().prefault(kayentaDefaults.marginal),
      })
      .prefault({}),
    groupWeights: z
      .record(groupName(), z.number().gt(0).lte(100))
      .optional()
      .meta({
        description: 'Percent of the score by group of SLOs; groups without one share what is left of 100.',
        examples: [{ errors: 60, latency: 40 }],
      }),
  })
  .superRefine(({ interval, analysisInterval, scores, groupWeights = {} }, context) => {
    const refuse = (path: string[], message: string, hint: string): void => {
      context.addIssue({ code: 'custom', path, message, params: { hint } });
    };
    if (analysisInterval < interval) {
      const message = `is shorter than the interval of ${formatDuration(interval)}`;
      refuse(['analysisInterval'], message, 'a judgement needs new points');
    }
    if (scores.marginal > scores.pass) {
      refuse(['scores', 'marginal'], `is above pass (${String(scores.pass)})`, 'a marginal score is below pass');
    }
    const sum = sumOf(groupWeights);
    if (sum > 100 + ROUNDING)
      refuse(['groupWeights'], `add up to ${String(sum)}`, 'they are percent of one score: 100 at most');
  });

const sequential = z
  .strictObject({
    type: z.literal('sequential').prefault(judgeDefaults.type),
    poll: poll().prefault(sequentialDefaults.poll),
    alpha: z
      .number()
      .gt(0)
      .lte(0.5)
      .prefault(sequentialDefaults.alpha)
      .meta({ description: 'Chance of a false breach in a whole rollout.' }),
    beta: z
      .number()
      .gt(0)
      .lte(0.5)
      .prefault(sequentialDefaults.beta)
      .meta({ description: 'Chance of calling a version healthy that is worse by the tolerance.' }),
    tolerance: z
      .number()
      .gt(1)
      .lte(16)
      .optional()
      .meta({ description: 'Odds ratio that must be excluded; 1.5 for errors, 1.25 for slow requests if left out.' }),
    margin: z.number().gte(1).lte(10).optional().meta({
      description: 'Odds ratio up to which a version is not worse; 1, and 1.1 for slow requests if left out.',
    }),
    minRequests: z.int().gte(1).prefault(sequentialDefaults.minRequests),
    healthyBy: z.enum(['either', 'comparison']).prefault(sequentialDefaults.healthyBy).meta({
      description: 'either: no worse than tolerated, or the objective is kept. comparison: no worse than tolerated.',
    }),
  })
  .superRefine(({ margin, tolerance }, context) => {
    if (margin === undefined || tolerance === undefined || margin < tolerance) return;
    context.addIssue({
      code: 'custom',
      path: ['margin'],
      message: `is not below the tolerance of ${String(tolerance)}`,
      params: { hint: 'a version cannot be worse and tolerated at once: write a smaller margin' },
    });
  });

export const judgeSchema = z.discriminatedUnion('type', [threshold, kayenta, sequential]).meta({ title: 'judge' });

export const resolveJudge = (written: z.output<typeof judgeSchema>): JudgeSettings => {
  switch (written.type) {
    case 'threshold':
      return thresholdSettings(written);
    case 'kayenta':
      return kayentaSettings(written);
    case 'sequential': {
      const { poll: pollMs, tolerance, margin, ...rest } = written;
      return {
        ...rest,
        pollMs,
        ...present({ tolerance, margin }),
      };
    }
  }
};

const thresholdSettings = (written: z.output<typeof threshold>): ThresholdSettings => {
  const { interval, poll: pollMs = interval, window, consecutiveErrorLimit, inconclusiveLimit, ...rest } = written;
  return {
    ...rest,
    pollMs,
    windowMs: window,
    intervalMs: interval,
    ...present({ consecutiveErrorLimit, inconclusiveLimit }),
  };
};

const kayentaSettings = (written: z.output<typeof kayenta>): KayentaSettings => {
  const { poll: pollMs, interval, analysisInterval, outliers, effectSize: size, groupWeights, ...rest } = written;
  const noEffect = kayentaDefaults[size.measure];
  return {
    ...rest,
    pollMs,
    intervalMs: interval,
    analysisIntervalMs: analysisInterval,
    outliers: { strategy: outliers.strategy, factor: outliers.outlierFactor },
    effectSize: {
      measure: size.measure,
      allowedIncrease: size.allowedIncrease ?? noEffect,
      allowedDecrease: size.allowedDecrease ?? noEffect,
      ...present({ criticalIncrease: size.criticalIncrease, criticalDecrease: size.criticalDecrease }),
    },
    ...present({ groupWeights }),
  };
};

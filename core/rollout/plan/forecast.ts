/** What the bakes of a plan can show at today's traffic: asked before anything moves, by the judge's own formulas. */
import type { MeasuredTraffic } from '../../judge/look/watch.ts';
import { alphaPart } from '../../judge/sequential/alpha.ts';
import { clearS, detectableRatio, keepS, type Traffic } from '../../judge/sequential/forecast.ts';
import { defaultTolerances } from '../../judge/sequential/tilts.ts';
import type { SequentialSettings, Slo } from '../../judge/settings.ts';
import { WHOLE, formatShare } from '../../values/share.ts';
import type { Plan, PlannedStep, PlannedWave, StepForecast } from './plan.ts';
import { durationText } from '../../values/duration.ts';
import { waveTitle } from './wave-title.ts';

/** One per wave, step and SLO with the sequential judge that had traffic in the last minutes. */
export const forecastSteps = (plan: Plan, measured: readonly MeasuredTraffic[]): readonly StepForecast[] => {
  const judged = plan.slos.flatMap((slo) => {
    const settings = slo.judge ?? plan.judge;
    return settings.type === 'sequential' ? [{ slo, settings }] : [];
  });
  const deciding = judged.map(({ slo }) => slo);
  return plan.waves.flatMap((wave) =>
    wave.steps.flatMap((step, index) =>
      judged.flatMap(({ slo, settings }) => {
        const traffic = trafficOf(measured, { slo, wave, step });
        if (traffic === undefined) return [];
        const alpha = settings.alpha * alphaPart(slo, deciding);
        return [
          { wave: wave.name, step: index + 1, slo: slo.name, ...forecast(traffic, { slo, settings, step, alpha }) },
        ];
      }),
    ),
  );
};

interface StepOfSlo {
  readonly slo: Slo;
  readonly wave: PlannedWave;
  readonly step: PlannedStep;
}

/** All clusters of the wave together; undefined without a request. Half a bad request more than seen: none is not never. */
const trafficOf = (measured: readonly MeasuredTraffic[], { slo, wave, step }: StepOfSlo): Traffic | undefined => {
  const own = measured.filter(
    (one) => one.slo === slo.name && one.source === slo.source && wave.serving.includes(one.cluster),
  );
  const sum = (pick: (one: MeasuredTraffic) => number): number => own.reduce((all, one) => all + pick(one), 0);
  const total = sum((one) => one.total);
  if (total === 0) return undefined;
  return {
    perSecond: sum((one) => one.perSecond),
    share: step.share / WHOLE,
    badRatio: (sum((one) => one.bad) + 0.5) / (total + 1),
  };
};

interface Judged {
  readonly slo: Slo;
  readonly settings: SequentialSettings;
  readonly step: PlannedStep;
  readonly alpha: number;
}

const forecast = (
  traffic: Traffic,
  { slo, settings, step, alpha }: Judged,
): Omit<StepForecast, 'wave' | 'step' | 'slo'> => {
  const allowed = 1 - slo.target;
  const tolerance = settings.tolerance ?? defaultTolerances[slo.indicator.kind];
  const cleared = clearS(traffic, { tolerance, beta: settings.beta });
  const kept = keepS(traffic, { allowed, beta: settings.beta });
  const healthyS = settings.healthyBy === 'either' ? Math.min(cleared, kept) : cleared;
  // An auto bake, and one that is shorter than its evidence, last as long as that takes.
  const withinS = Math.max(step.bakeMs / 1000, Number.isFinite(healthyS) ? healthyS : 0);
  const ratio = step.share === WHOLE ? Number.POSITIVE_INFINITY : detectableRatio(traffic, { withinS, alpha });
  return {
    healthyS: finite(healthyS),
    tolerance,
    clearedS: finite(cleared),
    findsRatio: finite(ratio),
    findsBad: Number.isFinite(ratio) ? Math.min(1, ratio * traffic.badRatio) : null,
    badRatio: traffic.badRatio,
    allowed,
  };
};

const finite = (value: number): number | null => (Number.isFinite(value) ? Number(value.toPrecision(3)) : null);

/** One line per step: the SLO that needs longest decides when it is healthy, the one that sees least what it finds. */
export const forecastText = (forecasts: readonly StepForecast[]): string => {
  const waits = forecasts.map(({ healthyS }) => healthyS);
  const healthy = waits.includes(null)
    ? 'when it is healthy cannot be foreseen'
    : `healthy after about ${durationText(Math.max(1, ...waits.map((wait) => wait ?? 0)) * 1000)}`;
  const finds = forecasts.map(({ findsRatio }) => findsRatio);
  if (finds.includes(null)) return `${healthy}; only the objective is judged`;
  const worst = forecasts.toSorted((a, b) => (b.findsRatio ?? 0) - (a.findsRatio ?? 0))[0];
  const ratio = Number((worst?.findsRatio ?? 0).toPrecision(2));
  return `${healthy}; finds ${ratio} times as many bad requests (${formatShare((worst?.findsBad ?? 0) * WHOLE)}, ${worst?.slo})`;
};

/** Bakes that could not even see that the objective breaks: too short, or too few requests, to mean anything. */
export const forecastWarnings = (plan: Plan, forecasts: readonly StepForecast[]): readonly string[] =>
  forecasts.flatMap((one) => {
    const index = plan.waves.findIndex(({ name }) => name === one.wave);
    const planned = plan.waves[index]?.steps[one.step - 1];
    if (planned === undefined || planned.bakeMs === 0) return [];
    const where = `${waveTitle({ name: one.wave }, index)} step ${one.step} (${formatShare(planned.share)}, ${one.slo})`;
    if (one.healthyS === null) {
      return [
        `${where} is not healthy by itself: the running version has ${formatShare(one.badRatio * WHOLE)} bad requests, ${formatShare(one.allowed * WHOLE)} are allowed; a person will be asked`,
      ];
    }
    if (one.healthyS * 1000 > planned.bakeMs + plan.maxUnknownMs) {
      return [
        `${where} needs about ${durationText(one.healthyS * 1000)} of this traffic to be healthy, longer than its bake and maxUnknown (${durationText(planned.bakeMs + plan.maxUnknownMs)}): a person will be asked; a larger share is faster`,
      ];
    }
    if (planned.auto === true || one.healthyS * 1000 <= planned.bakeMs) return [];
    return [
      `${where}: a bake of ${durationText(planned.bakeMs)} is too short to mean anything, so the step takes about ${durationText(one.healthyS * 1000)}; write bake: auto, or more`,
    ];
  });

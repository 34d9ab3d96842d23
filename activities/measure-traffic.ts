/** measureTraffic: what the running version does now, so that a plan can say what its bakes will show. Only reads. */
import { Context } from '@temporalio/activity';
import { sumCells } from '../core/analysis/arms.ts';
import type { MeasureTrafficInput, MeasuredTraffic, RolloutActivities } from '../core/contract/activities.ts';
import { TidegateError } from '../core/contract/errors.ts';
import { armOfSlo, readCountersOf, sourceOf } from './watch-slo-sources.ts';
import type { WatchDeps } from './watch-slo.ts';

/** As long as a plan looks back, ms: five of OpenTelemetry's default export intervals. */
const RANGE_MS = 5 * 60_000;

export const createMeasureActivities = (deps: WatchDeps): Pick<RolloutActivities, 'measureTraffic'> => ({
  async measureTraffic(input) {
    try {
      return await measure(deps, input, Context.current().cancellationSignal);
    } catch (error) {
      // A forecast is a help, not a gate: without numbers the plan says so.
      if (error instanceof TidegateError) return { traffic: [], problem: error.message };
      throw error;
    }
  },
});

const measure = async (
  deps: WatchDeps,
  input: MeasureTrafficInput,
  signal: AbortSignal,
): Promise<{ traffic: readonly MeasuredTraffic[]; problem: string }> => {
  const metrics = deps.connectMetrics(input.metrics);
  const nowMs = deps.now() + (await metrics.clockOffsetMs(signal));
  const counted = await readCountersOf(input, input.slos, { metrics, signal, startMs: nowMs - RANGE_MS, nowMs });
  const traffic = input.slos.flatMap((slo) =>
    input.strata.map((stratum): MeasuredTraffic => {
      const source = sourceOf(counted, slo);
      const arm = armOfSlo(slo, { counted: source, stratum, version: stratum.newVersion, stat: stratum.newStat });
      const { total, bad } = sumCells(arm.cells, 0);
      const firstMs = arm.cells[0]?.fromMs ?? nowMs;
      const spanS = Math.max(1, ((arm.newestMs ?? nowMs) - firstMs) / 1000);
      return { slo: slo.name, source: slo.source, cluster: stratum.serving, perSecond: total / spanS, total, bad };
    }),
  );
  return { traffic, problem: '' };
};

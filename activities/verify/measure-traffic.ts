/** measureTraffic: what the running version does now, so that a plan can say what its bakes will show. Only reads. */
import { sumCells } from '../../core/judge/arms/arms.ts';
import { armOfSlo, readCountersOf, sourceOf } from '../../core/judge/look/sources.ts';
import type { MeasureTrafficInput, MeasureTrafficResult, MeasuredTraffic } from '../../core/judge/look/watch.ts';
import { protocolOf } from '../../core/judge/series/conventions.ts';
import { namespaceNotes } from '../../core/judge/series/namespaces.ts';
import type { CountSource } from '../../core/judge/series/source.ts';
import { REPORTED_WITHIN_MS, serverPresence } from '../../core/judge/series/selectors.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { ObserveDeps } from '../ports.ts';
import { requireMetrics } from './metrics.ts';

/** As long as a plan looks back, ms: five of OpenTelemetry's default export intervals. */
const RANGE_MS = 5 * 60_000;

export async function measureTraffic(
  deps: ObserveDeps,
  input: MeasureTrafficInput,
  signal: AbortSignal,
): Promise<MeasureTrafficResult> {
  try {
    return await measure(deps, input, signal);
  } catch (error) {
    // A forecast is a help, not a gate: without numbers the plan says so.
    if (error instanceof TidegateError) return { traffic: [], problem: error.message };
    throw error;
  }
}

const measure = async (
  deps: ObserveDeps,
  input: MeasureTrafficInput,
  signal: AbortSignal,
): Promise<MeasureTrafficResult> => {
  const metrics = await requireMetrics(deps, input.service.mesh);
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
  const notes = await notesOf(input, { metrics, signal, nowMs });
  return { traffic, problem: '', ...(notes.length > 0 ? { notes } : {}) };
};

interface NotePorts {
  readonly metrics: CountSource;
  readonly signal: AbortSignal;
  readonly nowMs: number;
}

/** What is said of whatever version runs: at an adoption none is known by its name yet. */
const notesOf = async (
  { service, slos, strata, serving }: MeasureTrafficInput,
  { metrics, signal, nowMs }: NotePorts,
): Promise<readonly string[]> => {
  if (!slos.some(({ source }) => source === 'server')) return [];
  const clusters = serving ?? strata.map((stratum) => stratum.serving);
  const series = serverPresence({ service: service.service, protocol: protocolOf(slos), clusters });
  const found = await metrics.range({ series, toMs: nowMs, rangeMs: REPORTED_WITHIN_MS }, signal);
  return namespaceNotes(found, service);
};

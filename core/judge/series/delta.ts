/** Samples that say what happened since the one before, where a counter is needed: each would look like a restart. */
import type { RawSeries, Sample } from './raw-series.ts';

export const REMEDY_DELTA =
  'export cumulative counters (OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative), or let the collector make them (processor deltatocumulative)';

/** Prometheus writes it beside deltas that it takes in as they are (otlp-native-delta-ingestion). */
export const isDelta = ({ labels }: RawSeries): boolean => labels['__temporality__']?.toLowerCase() === 'delta';

/** Fewer samples show no habit. */
const LEAST_SAMPLES = 8;
/** One restart, or two, make no noise. */
const LEAST_FALLS = 3;
/** Of noise about half of the samples are lower than an earlier one; of a counter none is, but at restarts. */
const OFTEN = 0.25;
/** A few pods that write by turns fall often, too, but each of them grows: not at every distance. */
const DISTANCES = [1, 2, 3, 4];

/** Deltas that say when each began are counted as they are: they are not meant. */
export const looksLikeDelta = ({ samples }: RawSeries): boolean =>
  samples.length >= LEAST_SAMPLES &&
  samples.every(({ startMs }) => typeof startMs !== 'number') &&
  fallsAt(samples, 1) >= LEAST_FALLS &&
  DISTANCES.every((distance) => fallsAt(samples, distance) >= OFTEN * (samples.length - distance));

const fallsAt = (samples: readonly Sample[], distance: number): number =>
  samples.filter(({ value }, i) => value < (samples[i - distance]?.value ?? 0)).length;

/** The edge of a bucket has two spellings, `1` (OTLP) and `1.0` (scraped; Prometheus 3 writes all of them so): one edge. */
import { labelsKey, type RawSeries, type Sample } from './raw-series.ts';

/** Buckets that differ in the spelling of their edge only, as one series. */
export const joinEdges = (raw: readonly RawSeries[]): readonly RawSeries[] => {
  if (!raw.some(({ labels }) => labels['le'] !== undefined && oneSpelling(labels['le']) !== labels['le'])) return raw;
  const joined = new Map<string, RawSeries>();
  for (const { labels: written, samples } of raw) {
    const le = written['le'];
    const labels = le === undefined ? written : { ...written, le: oneSpelling(le) };
    const key = labelsKey(labels);
    const before = joined.get(key);
    joined.set(key, { labels, samples: before === undefined ? samples : merge(before.samples, samples) });
  }
  return [...joined.values()];
};

const oneSpelling = (le: string): string => {
  const edge = Number(le);
  return le.trim() === '' || Number.isNaN(edge) ? le : String(edge);
};

/** At the switch both may have a sample of one instant: it is one sample. */
const merge = (a: readonly Sample[], b: readonly Sample[]): readonly Sample[] => {
  const byTime = new Map([...a, ...b].map((sample) => [sample.atMs, sample]));
  return [...byTime.values()].sort((one, other) => one.atMs - other.atMs);
};

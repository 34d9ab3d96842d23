/**
 * The name under which a metric is stored: what Prometheus' translation makes of it, or the name as it is, which is how
 * a collector's prometheus receiver passes on what it scraped. Only names that somebody reads are kept.
 */
import { underscored } from './labels.ts';

/** Unit suffixes that Prometheus appends; others do not occur in names that Tidegate reads. */
const UNITS: Readonly<Record<string, string>> = { s: 'seconds', ms: 'milliseconds' };

export interface WrittenName {
  readonly name: string;
  readonly unit: string;
  /** Of a histogram the stored series are `_count` and `_bucket`. */
  readonly isHistogram: boolean;
  readonly isMonotonic: boolean;
}

/** Of a histogram: without `_count` or `_bucket`. undefined: nobody reads it. */
export const storedName = (written: WrittenName, isRead: (name: string) => boolean): string | undefined => {
  const plain = underscored(written.name);
  const unit = UNITS[written.unit];
  const withUnit = unit === undefined || plain.endsWith(`_${unit}`) ? plain : `${plain}_${unit}`;
  if (written.isHistogram) return [plain, withUnit].find((name) => seriesNames(name).some(isRead));
  const totals = written.isMonotonic ? [`${withUnit}_total`, withUnit.replace(/_total$/, '')] : [];
  return [plain, withUnit, ...totals].find(isRead);
};

/** Names of the series of a histogram. */
export const seriesNames = (histogram: string): readonly [count: string, bucket: string] => [
  `${histogram}_count`,
  `${histogram}_bucket`,
];

/** What a query's names may be stored as: the opposite direction. */
export const storedNames = (names: readonly string[]): ReadonlySet<string> =>
  new Set(names.flatMap((name) => [name, name.replace(/_(?:count|bucket)$/, '')]));

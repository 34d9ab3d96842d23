/** Which processes report, how lately and how often: read off raw series. */
import { countIncrements } from '../../core/judge/series/counters.ts';
import { envoyName } from '../../core/judge/series/origin.ts';
import type { RawSeries } from '../../core/judge/series/raw-series.ts';
import { REPORTED_WITHIN_MS } from '../../core/judge/series/selectors.ts';

/** Samples younger than this are fresh whatever the interval, ms: one look may fall between an export and its storing. */
const FRESH_MS = 15_000;

export interface Reporting {
  readonly newestMs: number;
  /** Usual time between two samples, ms; 0 when no series has two. */
  readonly intervalMs: number;
  readonly fresh: boolean;
}

/** null: no series at all. */
export function reportingOf(series: readonly RawSeries[], nowMs: number): Reporting | null {
  const { intervalMs } = countIncrements(series, nowMs - REPORTED_WITHIN_MS);
  const newest = series.flatMap(({ samples }) => samples.slice(-1).map(({ atMs }) => atMs));
  if (newest.length === 0) return null;
  const newestMs = Math.max(...newest);
  const staleMs = intervalMs === 0 ? REPORTED_WITHIN_MS : Math.max(FRESH_MS, 4 * intervalMs);
  return { newestMs, intervalMs, fresh: nowMs - newestMs <= staleMs };
}

/** Value of a label; '' when the series does not have it. */
export const labelOf = ({ labels }: RawSeries, name: string): string => labels[name] ?? '';

export const valuesOf = (series: readonly RawSeries[], name: string): string[] =>
  [...new Set(series.map((one) => labelOf(one, name)))].sort();

export const envoysOf = (series: readonly RawSeries[]): string[] =>
  [...new Set(series.map(({ labels }) => envoyName(labels)))].sort();

export const secondsText = (ms: number): string => `${Math.max(0, Math.round(ms / 1000))} s`;

/** From readings to one verdict. */
import type { SloReading, VerdictKind } from './slo-reading.ts';

export interface Verdict {
  readonly verdict: VerdictKind;
  /** Serving clusters that breach by themselves. */
  readonly breached: readonly string[];
  readonly reason: string;
}

/** A breach anywhere is a breach; healthy only when every reading is. Without any reading nothing is known. Shadows only report. */
export const combineReadings = (all: readonly SloReading[]): Verdict => {
  const readings = all.filter(({ shadow }) => shadow !== true);
  const breaches = readings.filter((reading) => reading.verdict === 'breach');
  const breached = [...new Set(breaches.map((reading) => reading.cluster))].filter((cluster) => cluster !== '*').sort();
  if (breaches.length > 0) {
    const first = breaches.find((reading) => reading.cluster !== '*') ?? breaches[0];
    const more = breaches.length > 1 ? ` (and ${breaches.length - 1} more)` : '';
    return { verdict: 'breach', breached, reason: `${first?.reason}${more}` };
  }
  const open = readings.filter((reading) => reading.verdict === 'unknown' && reading.cluster !== '*');
  if (readings.length === 0) return { verdict: 'unknown', breached, reason: 'nothing is watched' };
  if (open.length > 0)
    return {
      verdict: 'unknown',
      breached,
      reason: `${open[0]?.reason}${open.length > 1 ? ` (and ${open.length - 1} more)` : ''}`,
    };
  const counted = readings.filter((reading) => reading.cluster !== '*');
  const bad = counted.reduce((sum, reading) => sum + reading.newBad, 0);
  const total = counted.reduce((sum, reading) => sum + reading.newTotal, 0);
  return { verdict: 'healthy', breached, reason: `every objective is kept: ${bad} bad of ${total} requests counted` };
};

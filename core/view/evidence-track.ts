/** What a chart draws: the evidence of the sequential judge on one objective in one cluster, look by look. Pure. */
import type { SloReading } from '../judge/slo-reading.ts';

export interface EvidenceRow {
  /** Since the share was written, ms. */
  readonly afterMs: number;
  readonly log10E: number;
  /** From this on it is a breach. */
  readonly log10Needed: number;
  /** Odds of a bad request, new : old; null: one of them had none, or only such. */
  readonly ratio: number | null;
  /** What the counts do not exclude; null: no bound. */
  readonly low: number | null;
  readonly high: number | null;
}

export interface EvidenceTrack {
  readonly slo: string;
  /** '*': all clusters. */
  readonly cluster: string;
  readonly rows: readonly EvidenceRow[];
  readonly last: SloReading;
}

export interface LookedAt {
  readonly afterMs: number;
  readonly readings: readonly SloReading[];
}

export interface EvidenceLog {
  readonly add: (look: LookedAt) => void;
  /** One per objective and cluster, the most telling first. Empty: no sequential judge looked. */
  readonly tracks: () => readonly EvidenceTrack[];
}

/** Keeps of each look what a chart needs, a few numbers: a replay of days has many looks. */
export const createEvidenceLog = (): EvidenceLog => {
  const kept = new Map<string, { readonly rows: EvidenceRow[]; readonly last: SloReading }>();
  return {
    add({ afterMs, readings }) {
      for (const reading of readings) {
        const row = rowOf(reading, afterMs);
        if (row === undefined) continue;
        const key = JSON.stringify([reading.slo, reading.cluster]);
        const rows = kept.get(key)?.rows ?? [];
        rows.push(row);
        kept.set(key, { rows, last: reading });
      }
    },
    tracks: () =>
      [...kept.values()]
        .map(({ rows, last }) => ({ slo: last.slo, cluster: last.cluster, rows: withStart(rows), last }))
        .sort((a, b) => peakOf(b) - peakOf(a)),
  };
};

const rowOf = ({ evidence, ...counts }: SloReading, afterMs: number): EvidenceRow | undefined => {
  if (evidence === undefined) return undefined;
  const { log10E, log10Needed, low, high } = evidence;
  return { afterMs, log10E, log10Needed, ratio: ratioOf(counts), low: low === 0 ? null : low, high };
};

const ratioOf = ({ newBad, newTotal, oldBad, oldTotal }: Omit<SloReading, 'evidence'>): number | null => {
  const odds = (newBad * (oldTotal - oldBad)) / ((newTotal - newBad) * oldBad);
  return odds > 0 && Number.isFinite(odds) ? odds : null;
};

/** Nothing is known at the start: no evidence, no interval. */
const withStart = (rows: readonly EvidenceRow[]): readonly EvidenceRow[] => {
  const log10Needed = rows[0]?.log10Needed ?? 0;
  return [{ afterMs: 0, log10E: 0, log10Needed, ratio: null, low: null, high: null }, ...rows];
};

/** How near to a breach it ever was; all the same, then the one that was watched longest. */
const peakOf = ({ rows }: EvidenceTrack): number =>
  highest(rows, ({ log10E, log10Needed }) => log10E - log10Needed) + rows.length * 1e-6;

const highest = (rows: readonly EvidenceRow[], pick: (row: EvidenceRow) => number): number =>
  rows.reduce((most, row) => Math.max(most, pick(row)), Number.NEGATIVE_INFINITY);

/** At most that many, the ends among them. */
export const thinned = (rows: readonly EvidenceRow[], most: number): readonly EvidenceRow[] => {
  if (rows.length <= most) return rows;
  const step = (rows.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => rows[Math.round(i * step)]).filter((row) => row !== undefined);
};

/** Ends of a scale of evidence, with 0 and the line in it: far above a breach all is the same. */
export const evidenceRange = (rows: readonly EvidenceRow[]): { readonly bottom: number; readonly top: number } => {
  const needed = highest(rows, ({ log10Needed }) => log10Needed);
  const peak = highest(rows, ({ log10E }) => log10E);
  return {
    bottom: Math.min(0, -highest(rows, ({ log10E }) => -log10E)),
    top: Math.min(Math.max(peak, needed) * 1.1, needed * 2),
  };
};

export const trackName = ({ slo, cluster }: Pick<EvidenceTrack, 'slo' | 'cluster'>): string =>
  `${slo} in ${cluster === '*' ? 'all clusters' : cluster}`;

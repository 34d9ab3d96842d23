/** A chart of evidence for terminals: plain characters, so that every font and log shows it. Pure. */
import { evidenceRange, trackName, type EvidenceTrack } from './evidence-track.ts';
import { durationText } from '../values/duration.ts';

const ROWS = 10;
const WIDEST = 100;
/** Where no terminal says how wide it is. */
const USUAL_COLUMNS = 80;
/** Columns of the scale. */
const SCALE = 7;

/** `columns` of the terminal; 0 = unknown. */
export const evidenceChart = (track: EvidenceTrack, columns: number): string[] => {
  const width = Math.max(20, Math.min(WIDEST, (columns === 0 ? USUAL_COLUMNS : columns) - SCALE - 2));
  const { rows } = track;
  const { top, bottom } = evidenceRange(rows);
  const lineOf = (value: number): number =>
    Math.max(0, Math.min(ROWS, Math.round(((top - value) / (top - bottom || 1)) * ROWS)));
  const endMs = rows.at(-1)?.afterMs ?? 0;
  const needed = rows.at(-1)?.log10Needed ?? 0;
  const cells: string[][] = Array.from({ length: ROWS + 1 }, (_, line) =>
    Array.from({ length: width }, () => (line === lineOf(needed) ? '-' : ' ')),
  );
  for (const [column, value] of valuesByColumn(track, { width, endMs }).entries()) {
    const line = cells[lineOf(value)];
    if (line !== undefined) line[column] = '*';
  }
  const scale: Record<number, string> = {
    [lineOf(top)]: top.toFixed(1),
    [lineOf(bottom)]: bottom.toFixed(1),
    [lineOf(needed)]: needed.toFixed(1),
  };
  const end = durationText(endMs);
  return [
    `log10 e-value of ${trackName(track)}; --- a breach from ${needed} on`,
    ...cells.map((line, i) => `${(scale[i] ?? '').padStart(SCALE - 1)} |${line.join('').trimEnd()}`),
    `${' '.repeat(SCALE)}+${'-'.repeat(width)}`,
    `${' '.repeat(SCALE + 1)}0s${end.padStart(width - 2)}`,
  ];
};

/** The highest value in each column; a column between two looks has the earlier one's. */
const valuesByColumn = ({ rows }: EvidenceTrack, { width, endMs }: { width: number; endMs: number }): number[] => {
  const columns: (number | undefined)[] = Array.from({ length: width }, () => undefined);
  for (const { afterMs, log10E } of rows) {
    const column = Math.min(width - 1, Math.floor((afterMs / (endMs || 1)) * (width - 1)));
    columns[column] = Math.max(columns[column] ?? Number.NEGATIVE_INFINITY, log10E);
  }
  let last = 0;
  return columns.map((value) => (last = value ?? last));
};

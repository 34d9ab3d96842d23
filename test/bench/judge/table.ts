/** What a table of the judge's bench is, and what it hands over. */
import type { Pool } from './pool.ts';

export interface TableContext {
  readonly pool: Pool;
  /** Part of the runs, 0..1; a tenth with --quick. */
  readonly scale: number;
  /** When a table that can must come to its end with the runs it has, ms since the epoch. */
  readonly deadlineMs: number;
  readonly report: (line: string) => void;
}

export type Value = string | number | boolean;

export interface Section {
  readonly title: string;
  /** All with the same keys, which are the columns. `holds`, where there is one, decides over the exit code. */
  readonly rows: readonly Readonly<Record<string, Value>>[];
}

export interface TableResult {
  readonly title: string;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly sections: readonly Section[];
  /** How it was measured and what it does not say; a sentence each. */
  readonly notes: readonly string[];
}

export interface Table {
  readonly name: string;
  readonly about: string;
  readonly run: (context: TableContext) => Promise<TableResult>;
}

export const percentText = (ratio: number): string => {
  const percent = 100 * ratio;
  return `${percent === 0 || percent >= 9.95 ? percent.toFixed(0) : percent.toFixed(2)} %`;
};

export const rangeText = ({ low, high }: { low: number; high: number }, text: (value: number) => string): string =>
  `${text(low)} … ${text(high)}`;

export const secondsText = (s: number): string => (s < 100 ? `${s.toFixed(1)} s` : `${Math.round(s)} s`);

export const whole = (runs: number, scale: number): number => Math.max(10, Math.round(runs * scale));

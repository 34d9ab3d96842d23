/**
 * The results file: JSON lines, one per run of a cell and one per baseline, so that a suite that was stopped goes on. It only
 * grows: a red run stays in it, whatever comes after.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Baseline } from './clients.ts';
import type { CellResult } from './run-cell.ts';

export interface Run extends CellResult {
  readonly cell: string;
  readonly seed: number;
  readonly repeat: number;
  /** When it began. */
  readonly at: string;
}

interface BaselineLine extends Baseline {
  readonly baseline: string;
  readonly at: string;
}

export interface Results {
  readonly runs: readonly Run[];
  readonly baselines: ReadonlyMap<string, Baseline>;
  add(line: Run | BaselineLine): void;
}

/** `baselines: false`: those of the file are of another day, and are measured anew. */
export function openResults(path: string, given: { readonly baselines: boolean } = { baselines: true }): Results {
  const lines = existsSync(path)
    ? readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Run | BaselineLine)
    : [];
  const runs: Run[] = [];
  const baselines = new Map<string, Baseline>();
  const keep = (line: Run | BaselineLine): void => {
    if ('baseline' in line) baselines.set(line.baseline, line);
    else runs.push(line);
  };
  lines.filter((line) => given.baselines || !('baseline' in line)).forEach(keep);
  return {
    runs,
    baselines,
    add(line) {
      keep(line);
      appendFileSync(path, `${JSON.stringify(line)}\n`);
    },
  };
}

/** The newest run of each (cell, seed, repeat). */
export function newest(runs: readonly Run[]): Run[] {
  return [...new Map(runs.map((run) => [`${run.cell} ${run.seed} ${run.repeat}`, run])).values()];
}

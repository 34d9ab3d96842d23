/** Which runs are asked for, and in which order. */
import { matchesGlob } from 'node:path';
import { refuse } from '../../core/values/error.ts';
import { cells, type Cell } from './cells.ts';
import { seeded } from './random.ts';
import { newest, type Run } from './results.ts';

export interface Turn {
  readonly cell: Cell;
  readonly seed: number;
  readonly repeat: number;
}

interface Asked {
  /** Globs of cells, with commas. */
  readonly cells: string;
  readonly seed: number;
  readonly repeats: number;
}

/** In an order of the seed: a suite that is stopped has met every kind of fault in every kind of phase. */
export function turnsOf({ cells: globs, seed, repeats }: Asked): Turn[] {
  const chosen = chosenCells(globs.split(','));
  return Array.from({ length: repeats }, (_, i) => i + 1)
    .flatMap((repeat) => chosen.map((cell): Turn => ({ cell, seed, repeat })))
    .map((turn) => ({ turn, rank: turn.repeat + seeded(seed, turn.cell.id)() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ turn }) => turn);
}

/** Those that were never played, or were red when they were played last. */
export function notGreen(turns: readonly Turn[], runs: readonly Run[]): Turn[] {
  const green = newest(runs).filter(({ wrong }) => wrong.length === 0);
  return turns.filter(
    ({ cell, seed, repeat }) =>
      !green.some((run) => run.cell === cell.id && run.seed === seed && run.repeat === repeat),
  );
}

function chosenCells(globs: readonly string[]): Cell[] {
  for (const glob of globs)
    if (!cells.some(({ id }) => matchesGlob(id, glob)))
      refuse(
        'Invalid',
        `no cell is called ${glob || 'nothing'}`,
        'name cells as <fault>@<phase>, as docs/reliability.md has them',
      );
  return cells.filter(({ id }) => globs.some((glob) => matchesGlob(id, glob)));
}

/**
 * `npm run chaos -- [--cells GLOB] [--seed N] [--repeats N] [--minutes N] [--resume] [--results FILE] [--report]`: plays the
 * written list of cells (cells.ts) on a lab of its own. Each run is a line on the terminal and a line of the results file;
 * --resume leaves out what that file has. Exit code 1 when a run is red. --report only writes docs/reliability.md anew.
 */
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { matchesGlob } from 'node:path';
import { parseArgs } from 'node:util';
import { obtainBinaries } from '../../infra/lab/binaries.ts';
import { cells } from './cells.ts';
import { summary, writeReport } from './report.ts';
import { seeded } from './random.ts';
import { newest, openResults } from './results.ts';
import { runSuite, type Turn } from './suite.ts';

const file = fileURLToPath(new URL('../../docs/benchmarks/chaos.jsonl', import.meta.url));
const { values: options } = parseArgs({
  options: {
    cells: { type: 'string', default: '*' },
    seed: { type: 'string', default: '1' },
    repeats: { type: 'string', default: '1' },
    minutes: { type: 'string', default: '600' },
    results: { type: 'string', default: file },
    resume: { type: 'boolean', default: false },
    report: { type: 'boolean', default: false },
  },
});
const tell = (line: string): void => void process.stdout.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

if (options.report) writeReport(openResults(options.results));
else await play();

async function play(): Promise<void> {
  if (!options.resume) rmSync(options.results, { force: true });
  const results = openResults(options.results);
  const seed = Number(options.seed);
  const done = new Set(newest(results.runs).map(keyOf));
  // In an order of the seed: a suite that is stopped has met every kind of fault in every kind of phase.
  const turns = Array.from({ length: Number(options.repeats) }, (_, i) => i + 1)
    .flatMap((repeat) => chosen().map((cell): Turn => ({ cell, seed, repeat })))
    .filter((turn) => !done.has(keyOf({ ...turn, cell: turn.cell.id })))
    .map((turn) => ({ turn, rank: turn.repeat + seeded(seed, turn.cell.id)() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ turn }) => turn);
  if (turns.length === 0) return tell(`no run is left of --cells ${options.cells}`);
  await obtainBinaries({ report: (line) => tell(line) });
  const began = Date.now();
  const isOver = (): boolean => Date.now() - began > Number(options.minutes) * 60_000;
  const before = results.runs.length;
  await runSuite(turns, { results, tell, isOver });
  const runs = results.runs.slice(before);
  process.stdout.write(summary(runs));
  process.exitCode = runs.some(({ wrong }) => wrong.length > 0) ? 1 : 0;
}

function chosen(): typeof cells {
  const globs = options.cells.split(',');
  return cells.filter(({ id }) => globs.some((glob) => matchesGlob(id, glob)));
}

function keyOf({ cell, seed, repeat }: { cell: string; seed: number; repeat: number }): string {
  return `${cell} ${seed} ${repeat}`;
}

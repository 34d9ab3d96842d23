/**
 * `npm run chaos -- [--cells GLOB] [--seed N] [--repeats N] [--minutes N] [--resume] [--results FILE] [--report]`: plays the
 * written list of cells (cells.ts) on a lab of its own. Each run is a line on the terminal and one more line of the results
 * file, which only grows; --resume leaves out what is green there. Exit code 1 when a run is red, 2 when nothing was played
 * because the question is wrong. --report only writes docs/reliability.md anew.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { obtainBinaries } from '../../infra/lab/binaries.ts';
import { TidegateError } from '../../core/values/error.ts';
import { summary, writeReport } from './report.ts';
import { openResults } from './results.ts';
import { runSuite } from './suite.ts';
import { notGreen, turnsOf, type Turn } from './turns.ts';

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
else await play(asked());

function asked(): Turn[] {
  try {
    return turnsOf({ cells: options.cells, seed: Number(options.seed), repeats: Number(options.repeats) });
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    process.stderr.write(`${error.message}: ${error.fix}\n`);
    process.exit(2);
  }
}

async function play(all: readonly Turn[]): Promise<void> {
  const results = openResults(options.results, { baselines: options.resume });
  const turns = options.resume ? notGreen(all, results.runs) : all;
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

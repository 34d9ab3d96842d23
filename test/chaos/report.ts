/** What a reader wants of the results: a summary on the terminal, and the tables of docs/reliability.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { table } from '../../infra/docs/table.ts';
import { cells } from './cells.ts';
import { faults } from './faults/index.ts';
import type { Results, Run } from './results.ts';

const page = fileURLToPath(new URL('../../docs/reliability.md', import.meta.url));
const [from, to] = ['<!-- results: begin -->', '<!-- results: end -->'];
const SLOWEST = 10;

const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
const isRed = ({ wrong }: Run): boolean => wrong.length > 0;
const slowest = (runs: readonly Run[]): Run[] => runs.toSorted((a, b) => b.tookMs - a.tookMs).slice(0, SLOWEST);

export function summary(runs: readonly Run[]): string {
  const red = runs.filter(isRed);
  const lines = [
    `${runs.length} runs of ${new Set(runs.map(({ cell }) => cell)).size} cells: ${runs.length - red.length} green, ${red.length} red`,
    ...red.map(({ cell, seed, wrong }) => `  RED ${cell} (seed ${seed}): ${wrong.join('; ')}`),
    'the slowest:',
    ...slowest(runs).map(({ cell, tookMs, end }) => `  ${seconds(tookMs).padStart(6)} s  ${cell}  ${end}`),
  ];
  return `${lines.join('\n')}\n`;
}

/** Writes the part between the marks anew; the rest of the page is people's. */
export function writeReport(results: Results): void {
  const text = readFileSync(page, 'utf8');
  const [head = '', rest = ''] = text.split(from);
  const tail = rest.split(to)[1] ?? '';
  writeFileSync(page, `${head}${from}\n\n${tables(results)}\n\n${to}${tail}`);
}

/** Of every run of the file: one that was red counts, also where the cell was green later. */
export function tables({ runs, baselines }: Pick<Results, 'runs' | 'baselines'>): string {
  const red = runs.filter(isRed);
  const requests = runs.reduce((sum, run) => sum + run.requests, 0);
  const excess = runs.reduce((sum, run) => sum + Math.max(0, run.failures - run.allowed), 0);
  const phaseNames = [...new Set(cells.map(({ phase }) => phase.name))];
  const cellText = (fault: string, phase: string): string => {
    if (!cells.some(({ id }) => id === `${fault}@${phase}`)) return '';
    const of = runs.filter(({ cell }) => cell === `${fault}@${phase}`);
    if (of.length === 0) return '·';
    const reds = of.filter(isRed).length;
    const ends = [...new Set(of.map(({ end }) => end))].join(', ');
    return `${reds > 0 ? `**${reds} red** ` : ''}${ends}${of.length > 1 ? ` ×${of.length}` : ''}`;
  };
  const matrix = faults.map(({ name }) => [
    name,
    String(baselines.get(name)?.failures ?? ''),
    ...phaseNames.map((one) => cellText(name, one)),
  ]);
  return [
    `${runs.length} runs of ${new Set(runs.map(({ cell }) => cell)).size} cells (the list has ${cells.length}): ` +
      `${runs.length - red.length} green, ${red.length} red. ${requests} requests; ${excess} failed in excess of the same fault without a rollout.`,
    '',
    'How runs ended, by fault and phase. `·`: not run yet; empty: not in the list. _alone_: failed requests of the fault without a rollout.',
    '',
    table(['fault', 'alone', ...phaseNames], matrix),
    '',
    'What the faults are:',
    '',
    table(
      ['fault', 'what happens'],
      faults.map(({ name, what }) => [name, what]),
    ),
    '',
    'Red runs:',
    '',
    red.length === 0
      ? 'None.'
      : table(
          ['cell', 'seed', 'when', 'what was wrong'],
          red.map(({ cell, seed, at, wrong }) => [cell, String(seed), at, wrong.join('; ').replaceAll(/[|\n]/g, ' ')]),
        ),
    '',
    'The slowest:',
    '',
    table(
      ['cell', 'whole, s', 'fault to end, s', 'end'],
      slowest(runs).map(({ cell, tookMs, toEndMs, end }) => [cell, seconds(tookMs), seconds(toEndMs), end]),
    ),
  ].join('\n');
}

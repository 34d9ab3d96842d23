/** A bench's outcome as people read it: one table, on a terminal and as docs/benchmarks/<name>.md. */
import type { BenchResult, Measure } from './bench.ts';
import type { Machine } from './machine.ts';
import { holds, median } from './statistics.ts';

export interface Outcome extends BenchResult {
  readonly name: string;
  readonly repeats: number;
  readonly startedAt: string;
  readonly minutes: number;
  readonly machine: Machine;
  /** One-minute load averages at the start and at the end. */
  readonly load: readonly [number, number];
}

type Row = readonly string[];

const heading: Row = ['what', 'median', 'min … max', 'n', 'must hold', ''];

export function pageOf(outcome: Outcome): string {
  const { title, settings, measures, notes, name, repeats, machine, load } = outcome;
  const settingLines = Object.entries({
    ...settings,
    ...machineLines(machine),
    'load average before, after': load.join(', '),
  });
  return [
    `# ${title}`,
    '',
    `\`npm run bench -- ${name} --repeats ${repeats}\` at ${outcome.startedAt}, ${outcome.minutes} min. All values: ${name}.json.`,
    '',
    ...table(heading, measures.map(rowOf)),
    '',
    ...table(
      ['setting', 'value'],
      settingLines.map(([key, value]): Row => [key, String(value)]),
    ),
    '',
    ...notes.map((note) => `- ${note}`),
    '',
  ].join('\n');
}

export const machineLines = (machine: Machine): Record<string, string> => ({
  machine: `${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, Linux ${machine.kernel}`,
  node: machine.node,
  revision: machine.revision,
});

function rowOf(measure: Measure): Row {
  const { what, unit, values, bound } = measure;
  const text = (value: number): string => `${formatted(value)}${unit === '' ? '' : ` ${unit}`}`;
  const held = holds(measure);
  return [
    what,
    values.length === 0 ? '-' : text(median(values)),
    values.length === 0 ? '-' : `${formatted(Math.min(...values))} … ${text(Math.max(...values))}`,
    String(values.length),
    bound === undefined ? '' : `${bound.of} ≤ ${text(bound.atMost)}`,
    held === undefined ? '' : held ? 'yes' : '**NO**',
  ];
}

const formatted = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 2 : 1);

/** Lines of a Markdown table that can be read as they are. */
export function table(head: Row, rows: readonly Row[]): string[] {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: Row): string => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

/** A table's outcome as people read it: on a terminal and as docs/benchmarks/judge-<name>.md. */
import type { Machine } from '../machine.ts';
import type { Section, TableResult, Value } from './table.ts';

export interface Outcome extends TableResult {
  readonly name: string;
  readonly command: string;
  readonly startedAt: string;
  readonly minutes: number;
  readonly machine: Machine;
}

export const pageOf = ({ title, settings, sections, notes, name, command, startedAt, minutes, machine }: Outcome) =>
  [
    `# ${title}`,
    '',
    `\`${command}\` at ${startedAt}, ${minutes} min. All values: judge-${name}.json.`,
    '',
    ...sections.flatMap((section) => [`## ${section.title}`, '', ...tableOf(section), '']),
    ...linesOf(
      ['setting', 'value'],
      Object.entries({
        ...settings,
        machine: `${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, Linux ${machine.kernel}`,
        node: machine.node,
        revision: machine.revision,
      }).map(([key, value]) => [key, String(value)]),
    ),
    '',
    ...notes.map((note) => `- ${note}`),
    '',
  ].join('\n');

export const holdsAll = ({ sections }: TableResult): boolean =>
  sections.every(({ rows }) => rows.every(({ holds }) => holds !== false));

const tableOf = ({ rows }: Section): string[] => {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return linesOf(
    columns,
    rows.map((row) => columns.map((column) => textOf(row[column]))),
  );
};

const textOf = (value: Value | undefined): string => {
  if (value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : '**NO**';
  return typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toPrecision(3))) : String(value);
};

const linesOf = (head: readonly string[], rows: readonly (readonly string[])[]): string[] => {
  const widths = head.map((cell, i) => Math.max(3, cell.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
};

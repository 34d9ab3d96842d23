/** A table's outcome as people read it: on a terminal and as docs/benchmarks/judge-<name>.md. */
import type { Machine } from '../machine.ts';
import { machineLines, table } from '../page.ts';
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
    ...table(
      ['setting', 'value'],
      Object.entries({
        ...settings,
        ...machineLines(machine),
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
  return table(
    columns,
    rows.map((row) => columns.map((column) => textOf(row[column]))),
  );
};

const textOf = (value: Value | undefined): string => {
  if (value === undefined) return '';
  if (typeof value === 'boolean') return value ? 'yes' : '**NO**';
  return typeof value === 'number' && !Number.isInteger(value) ? String(Number(value.toPrecision(3))) : String(value);
};

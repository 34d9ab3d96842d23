/** Clusters side by side, a column per check, and below what to do about what was found. Pure. */
import { hasError, type Observation } from '../doctor/check.ts';

export interface CheckedCluster {
  readonly name: string;
  readonly checks: readonly SeenCheck[];
}

interface SeenCheck extends Observation {
  readonly column: string;
  readonly description: string;
  /** False: a check before it failed, and this one could only fail for the same reason. */
  readonly made: boolean;
}

export function checkTable(clusters: readonly CheckedCluster[]): string {
  const heads = clusters[0]?.checks.map(({ column }) => column) ?? [];
  const rows = clusters.map(({ name, checks }) => [name, ...checks.map(cellOf)]);
  const advice = clusters.flatMap(({ checks }) => checks.flatMap(({ findings }) => findings));
  const lines = advice.flatMap(({ severity, text, fix }) => [
    `${severity === 'error' ? '✗' : '!'} ${text.replaceAll('\n', '\n    ')}`,
    ...(fix === '' ? [] : [`    → ${fix}`]),
  ]);
  return [columns(['cluster', ...heads], rows), ...lines.map((line) => `${line}\n`)].join('');
}

function cellOf({ made, note, findings }: SeenCheck): string {
  if (!made) return '-';
  const mark = hasError([{ note, findings }]) ? '✗' : findings.length > 0 ? '!' : '✓';
  return `${mark} ${note}`.trimEnd();
}

/** Lines of cells that stand below each other. */
export function columns(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [heads, ...rows];
  const widths = heads.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  return all
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/**
 * core/values: what every other folder counts, measures and writes with.
 *
 *   parts by name ──sharesOf──► Shares (they sum to WHOLE) ──apportion──► whole numbers ──formatShare──► text
 *
 * Its files are shares (this one), durations, errors with their failure codes, canonical JSON, digests, and JSON of
 * unknown shape. A rule that two folders need has its one home here: how names sort, how ties break, how a share is
 * shown.
 * This folder imports no other folder of core. It does not know what is counted: no cluster, no version, no rollout.
 */
import { refuse } from './error.ts';

/** The scale of shares and weights: a whole is one million parts (0.1 % = 1 000). */
export const WHOLE = 1_000_000;

/** Parts per million by name; a map built by `sharesOf` sums to WHOLE. An explicit 0 means: exists, gets no traffic. */
export type Shares = Readonly<Record<string, number>>;

export const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Parts per million in one percent. */
const PERCENT = WHOLE / 100;

export interface SharesInput {
  readonly unit: 'percent' | 'ppm';
  /** What is being shared out, for messages: "topology of shop/checkout in aws-us-east-1". */
  readonly of: string;
}

/** Percent (fractions down to 0.0001 allowed) or ppm as people write them → checked ppm that sum to WHOLE. */
export const sharesOf = (parts: Readonly<Record<string, number>>, { unit, of }: SharesInput): Shares => {
  const scale = unit === 'percent' ? PERCENT : 1;
  const shares = Object.entries(parts)
    .sort(([a], [b]) => byName(a, b))
    .map(([name, part]): [string, number] => [name, Math.round(part * scale)]);
  const wrong = shares
    .filter(([name, ppm]) => !(ppm >= 0 && Math.abs(ppm - (parts[name] ?? NaN) * scale) < 1e-6))
    .map(([name]) => `${name}: ${String(parts[name])}`);
  if (wrong.length > 0) {
    refuse(
      'Invalid',
      `${of}: not a share of whole parts per million: ${wrong.join(', ')}`,
      `use numbers from 0 to ${String(WHOLE / scale)} in steps of ${String(1 / scale)}`,
    );
  }
  const total = sum(shares.map(([, ppm]) => ppm));
  if (total !== WHOLE) {
    refuse(
      'Invalid',
      `${of}: shares sum to ${String(total / scale)} ${unit}, not ${String(WHOLE / scale)}`,
      'make the shares sum to the whole; name what gets nothing with 0 or leave it out',
    );
  }
  return Object.fromEntries(shares);
};

/**
 * Largest-remainder apportionment of `total` into integers in proportion to the shares; ties go to the first by name.
 * The result sums to `total` exactly. A positive share that would get 0 is an error, since it would be silently ignored.
 */
export const apportion = (shares: Shares, total: number): Readonly<Record<string, number>> => {
  const names = Object.keys(shares).sort(byName);
  const whole = sum(Object.values(shares));
  if (total === 0 || whole === 0) return Object.fromEntries(names.map((name) => [name, 0]));
  const product = (name: string): number => (shares[name] ?? 0) * total;
  const parts = new Map(names.map((name) => [name, Math.floor(product(name) / whole)]));
  const left = total - sum([...parts.values()]);
  const byRemainder = [...names].sort((a, b) => (product(b) % whole) - (product(a) % whole) || byName(a, b));
  for (const name of byRemainder.slice(0, left)) parts.set(name, (parts.get(name) ?? 0) + 1);
  const lost = names.filter((name) => (shares[name] ?? 0) > 0 && parts.get(name) === 0);
  if (lost.length > 0) {
    refuse(
      'Invalid',
      `a positive share rounds to no traffic: ${lost.join(', ')} of ${String(total)} parts per million`,
      'raise the share, or set it to 0',
    );
  }
  return Object.fromEntries(parts);
};

/** The shares above 0. */
export const positiveShares = (shares: Shares | null | undefined): Shares =>
  Object.fromEntries(Object.entries(shares ?? {}).filter(([, share]) => share > 0));

/** Who has a share above 0, in the order given. */
export const positiveNames = (shares: Shares | null | undefined): string[] => Object.keys(positiveShares(shares));

export const distinct = (names: readonly string[]): string[] => [...new Set(names)].sort(byName);

/** Parts per million for people: 50 000 ppm → "5 %"; keeps up to four decimals. */
export function formatShare(ppm: number): string {
  return `${Number(((ppm / WHOLE) * 100).toFixed(4))} %`;
}

/** The same names, each without a share. */
export const atZero = (shares: Shares | null | undefined): Shares =>
  Object.fromEntries(Object.keys(shares ?? {}).map((name) => [name, 0]));

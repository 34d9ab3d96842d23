/** Nearest known name to what somebody typed, for hints. */
import { shortened } from './problem.ts';

/** Longer than any name that we know; keeps the distance cheap on hostile input. */
const LONGEST_NAME = 64;

/** The closest candidate, or undefined when none is close enough to be what was meant. */
export const nearestName = (typed: string, known: readonly string[]): string | undefined => {
  if (typed.length > LONGEST_NAME) return undefined;
  const ranked = known
    .map((name) => ({ name, distance: editDistance(typed.toLowerCase(), name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best !== undefined && best.distance <= Math.max(1, Math.floor(Math.max(typed.length, best.name.length) / 3))) {
    return best.name;
  }
  const extended = typed.length >= 3 ? known.filter((name) => name.startsWith(typed)) : [];
  return extended.length === 1 ? extended[0] : undefined;
};

/** `did you mean X?`, or what there is to choose from. */
export const suggestName = (typed: string, known: readonly string[]): string => {
  const near = nearestName(typed, known);
  if (near !== undefined) return `did you mean ${near}?`;
  if (known.length === 0) return 'there are none';
  const shown = known
    .slice(0, 12)
    .map((name) => shortened(name))
    .join(', ');
  return `known: ${shown}${known.length > 12 ? ', ...' : ''}`;
};

/** Insertions, deletions, substitutions and swaps of neighbours. */
const editDistance = (a: string, b: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let best = Math.min(at(last, j) + 1, at(row, j - 1) + 1, at(last, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, at(beforeLast, j - 2) + 1);
      row.push(best);
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
};

const at = (row: readonly number[], index: number): number => row[index] ?? Infinity;

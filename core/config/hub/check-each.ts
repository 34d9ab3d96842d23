/** Objects of a hub, checked together: a fault leaves its own object out, and what cannot be without it. */
import { configLimits } from '../defaults.ts';
import { checkConfig, readConfig } from '../parse.ts';
import { type ConfigProblem, sortedProblems } from '../problem.ts';
import type { CheckedConfig } from '../resolve.ts';
import type { HubObject } from './object.ts';

export interface CheckedObjects {
  /** Of the objects that are right. */
  readonly config: CheckedConfig;
  /** Of the others, by their `file`; empty: all are right. */
  readonly problems: readonly ConfigProblem[];
}

export function checkEach(objects: readonly HubObject[]): CheckedObjects {
  const problems = objects.flatMap((one) => one.problems);
  // One that is too long is not parsed; all others are, so that an author hears of every fault at once.
  let left = objects.filter(({ text }) => text.length <= configLimits.bytesPerFile);
  for (;;) {
    const known = new Set(problems.map(keyOf));
    const gone = [...new Set(problems.map(({ file }) => file))].toSorted();
    const parsed = checkConfig(readConfig(left, left.length), () => undefined);
    const found = parsed.ok ? [] : parsed.problems.filter((one) => !known.has(keyOf(one)));
    problems.push(...found.map((one) => ({ ...one, line: 0, hint: hintOf(one, gone) })));
    const right = without(left, problems);
    if (parsed.ok && right.length === left.length) return { config: parsed.config, problems: sortedProblems(problems) };
    // Each round leaves out one object at least; of what cannot be told apart nothing is taken.
    left = right.length === left.length ? [] : right;
  }
}

const keyOf = ({ file, path }: ConfigProblem): string => JSON.stringify([file, path]);

const without = (objects: readonly HubObject[], problems: readonly ConfigProblem[]): HubObject[] => {
  const faulty = new Set(problems.map(({ file }) => file));
  return objects.filter(({ path }) => !faulty.has(path));
};

/** What is missing for the others only since it has faults of its own is there for its author. */
const hintOf = ({ reason, hint }: ConfigProblem, gone: readonly string[]): string => {
  const meant = gone.filter(
    (path) => reason.startsWith('there is no ') && reason.endsWith(` ${path.split('/').at(-1) ?? ''}`),
  );
  return meant.length > 0 ? `correct ${meant.join(', ')}, which has faults of its own` : hint;
};

/** One mistake in what a user wrote. Collected, never thrown one by one: a reader gets all of them at once. */
export interface ConfigProblem {
  readonly file: string;
  /** 1-based line of the offending key or value; of its nearest parent when something is missing. 0: an object has no lines. */
  readonly line: number;
  /** As in `spec.rollout.waves[0].steps[1].share`; '' = the file or document as a whole. */
  readonly path: string;
  readonly reason: string;
  /** The remedy. */
  readonly hint: string;
}

export type ConfigPath = readonly (string | number)[];

export const formatPath = (path: ConfigPath): string =>
  path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${String(part)}]`;
    if (!/^[A-Za-z_][\w-]*$/.test(part)) return `${text}[${JSON.stringify(shortened(part))}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');

export const formatProblem = (problem: ConfigProblem): string => {
  const where = problem.path === '' ? '' : `${problem.path}: `;
  const hint = problem.hint === '' ? '' : ` (${problem.hint})`;
  const line = problem.line === 0 ? '' : `:${String(problem.line)}`;
  return `${problem.file}${line}: ${where}${problem.reason}${hint}`;
};

export const sortedProblems = (problems: readonly ConfigProblem[]): ConfigProblem[] => {
  const unique = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...unique.values()].sort((a, b) => compare(a.file, b.file) || a.line - b.line || compare(a.path, b.path));
};

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Names come from files of any content: a message stays one readable line. */
export const shortened = (text: string, longest = 64): string => {
  const line = text.replaceAll(/\s+/g, ' ');
  return line.length > longest ? `${line.slice(0, longest - 3)}...` : line;
};

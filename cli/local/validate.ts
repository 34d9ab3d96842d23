/** `tidegate validate`: every problem of config files at once. Reads files only: no cluster, no Temporal, no metrics. */
import { formatProblem } from '../../core/config/problem.ts';
import { createConfigLoader } from '../../platform/config/load.ts';

export interface ValidateArgs {
  /** Files and folders; empty = the current folder. */
  readonly paths: readonly string[];
  /** Default: text, one line per problem. */
  readonly output?: 'text' | 'json';
}

export interface ValidateIo {
  stdout(text: string): void;
  stderr(text: string): void;
}

/** Exit code: 0 = no problem, 2 = bad input. */
export const validateCommand = async ({ paths, output = 'text' }: ValidateArgs, io: ValidateIo): Promise<number> => {
  const problems = await createConfigLoader({ directory: '.' }).validate(paths);
  if (output === 'json') io.stdout(`${JSON.stringify({ valid: problems.length === 0, problems }, null, 2)}\n`);
  else {
    for (const problem of problems) io.stdout(`${formatProblem(problem)}\n`);
    const count = `${String(problems.length)} ${problems.length === 1 ? 'problem' : 'problems'}`;
    io.stderr(problems.length === 0 ? 'The config is valid.\n' : `${count}. Nothing was changed.\n`);
  }
  return problems.length === 0 ? 0 : 2;
};

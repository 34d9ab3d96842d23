/** `tidegate judge bench`: the tables of docs/benchmarks, where the repository is at hand. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidegateError } from '../../core/contract/errors.ts';
import { exitCodes, type Io } from '../io.ts';

const SCRIPT = 'bench:judge';

/** `root`: folder of the package. */
export const benchCommand = (io: Pick<Io, 'stderr'>, root = join(import.meta.dirname, '../..')): number => {
  if (!hasBench(root)) {
    throw new TidegateError('Invalid', 'the benches of the judges are not part of the package', {
      fix: `run them in a clone of the repository: npm ci && npm run ${SCRIPT}`,
    });
  }
  io.stderr(`npm run ${SCRIPT}\n`);
  return spawnSync('npm', ['run', SCRIPT], { cwd: root, stdio: 'inherit' }).status ?? exitCodes.error;
};

const hasBench = (root: string): boolean => {
  if (!existsSync(join(root, 'test/bench'))) return false;
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts?: Record<string, string>;
  };
  return scripts?.[SCRIPT] !== undefined;
};

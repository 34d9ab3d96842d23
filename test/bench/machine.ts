/** On what, and with which state of the sources, a bench ran. */
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  /** Commit; `+` when the work tree differs from it. */
  readonly revision: string;
}

export const machine = (): Machine => ({
  cores: cpus().length,
  cpu: cpus()[0]?.model.trim() || process.arch,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: release(),
  node: process.version,
  revision: revision(),
});

/** Mean number of runnable processes over the last minute: above the cores, somebody else was measured as well. */
export const load = (): number => Number((loadavg()[0] ?? NaN).toFixed(1));

function revision(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', ':!docs/benchmarks') && '+');
  } catch {
    return 'unknown';
  }
}

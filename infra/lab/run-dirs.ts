import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { TidegateError } from '../../core/contract/errors.ts';
import { stateFile } from './lab-state.ts';
import type { LabState } from './lab-state.ts';

/** All files of running labs: `labs/NAME` in Tidegate's cache. */
export function labsDir(env: NodeJS.ProcessEnv = process.env): string {
  const cache = env['TIDEGATE_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tidegate');
  return join(cache, 'labs');
}

export function runDirOf(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,30}$/.test(name)) return join(labsDir(), name);
  throw new TidegateError('Invalid', `"${name}" is no name for a lab`, {
    fix: 'Use lower-case letters, digits and dashes, at most 31.',
  });
}

export function labNames(): string[] {
  return existsSync(labsDir()) ? readdirSync(labsDir()).sort() : [];
}

/** Takes the run directory of a new lab; what a dead lab left there goes. */
export function claimRunDir(name: string): string {
  const runDir = runDirOf(name);
  const pid = supervisorPid(runDir);
  if (pid !== undefined && isAlive(pid))
    throw new TidegateError('Invalid', `The lab ${name} is up already (process ${pid})`, {
      fix: `Take it down with \`tidegate lab down --name ${name}\`, or choose another --name.`,
    });
  rmSync(runDir, { recursive: true, force: true });
  mkdirSync(join(runDir, 'logs'), { recursive: true, mode: 0o700 });
  return runDir;
}

export function readLabState(name: string): LabState | undefined {
  try {
    return JSON.parse(readFileSync(join(runDirOf(name), stateFile), 'utf8')) as LabState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

export const pidFile = 'supervisor.pid';

function supervisorPid(runDir: string): number | undefined {
  const file = join(runDir, pidFile);
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { refuse } from '../../core/values/error.ts';
import { stateFile, type LabState } from './lab-state.ts';
import { readJsonFile } from './json-file.ts';

export const supervisorScript = fileURLToPath(new URL(`./main${extname(import.meta.url)}`, import.meta.url));

/** All files of running labs: `labs/NAME` in Tidegate's cache. */
function labsDir(env: NodeJS.ProcessEnv = process.env): string {
  const cache = env['TIDEGATE_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tidegate');
  return join(cache, 'labs');
}

export function runDirOf(name: string): string {
  if (/^[a-z0-9][a-z0-9-]{0,30}$/.test(name)) return join(labsDir(), name);
  refuse('Invalid', `"${name}" is no name for a lab`, 'Use lower-case letters, digits and dashes, at most 31.');
}

/** Takes the run directory of a new lab; what a dead lab left there goes. */
export function claimRunDir(name: string): string {
  const runDir = runDirOf(name);
  const pid = supervisorPid(name);
  if (pid !== undefined)
    refuse(
      'Invalid',
      `The lab ${name} is up already (process ${pid})`,
      `Take it down with \`tidegate lab down --name ${name}\`, or choose another --name.`,
    );
  rmSync(runDir, { recursive: true, force: true });
  mkdirSync(join(runDir, 'logs'), { recursive: true, mode: 0o700 });
  return runDir;
}

export function readLabState(name: string): LabState | undefined {
  try {
    return readJsonFile<LabState>(join(runDirOf(name), stateFile));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** In the run directory: who may be asked to stop, also while the lab is still starting. */
export const pidFile = 'supervisor.pid';

/** The supervisor of a lab that is up or starting. */
export function supervisorPid(name: string): number | undefined {
  const file = join(runDirOf(name), pidFile);
  if (!existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8'));
  return isSupervisor(pid) ? pid : undefined;
}

/** Neither a process that took over the number, nor a dead one that nobody has waited for. */
export function isSupervisor(pid: number): boolean {
  try {
    const state = /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8'))?.[1];
    return state !== 'Z' && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(supervisorScript);
  } catch {
    return false;
  }
}

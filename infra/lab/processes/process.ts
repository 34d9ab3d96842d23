import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TidegateError, refuse } from '../../../core/values/error.ts';

interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A child of the supervisor. It runs below `tether`, so it dies with the supervisor, however that ends. */
export interface LabProcess {
  readonly name: string;
  readonly logFile: string;
  readonly pid: number;
  readonly running: boolean;
  /** Why it is not running, when nobody asked for its end. */
  readonly failure: string | undefined;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after `graceMs` (default 2 000). */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL at once: the fault "dead". */
  kill(): Promise<void>;
  /** The same command again, after `stop` or `kill`. */
  restart(): void;
}

export interface ProcessStarter {
  start(spec: ProcessSpec): LabProcess;
  readonly processes: readonly LabProcess[];
  stopAll(): Promise<void>;
}

const stopGraceMs = 2_000;

export interface StarterOptions {
  /** Paths by name; a command without a path here is taken as it is. `tether` must be one of them. */
  readonly binaries: Readonly<Record<string, string>>;
  readonly logDir: string;
  /** How far its processes give way to others of the session, 0 (default) to 19. */
  readonly nice?: number;
}

export function createProcessStarter(options: StarterOptions): ProcessStarter {
  const processes: LabProcess[] = [];
  return {
    processes,
    start(spec) {
      const started = startProcess(spec, options);
      processes.push(started);
      return started;
    },
    async stopAll() {
      await Promise.all(processes.map((process) => process.stop()));
    },
  };
}

function startProcess(spec: ProcessSpec, options: StarterOptions): LabProcess {
  const logFile = join(options.logDir, `${spec.name}.log`);
  let child = launch(spec, options, logFile);
  let stopping = false;
  let ended = watch(child);

  function watch(of: ChildProcess): Promise<string> {
    return new Promise((resolve) => {
      of.once('error', (error) => resolve(error.message));
      of.once('exit', (code, signal) => resolve(signal ? `killed by ${signal}` : `exit code ${code}`));
    });
  }
  let failure: string | undefined;
  function onEnd(of: ChildProcess): void {
    void ended.then((reason) => {
      if (stopping || of !== child) return;
      failure = `${reason}: ${lastLines(logFile, 5)}`;
      console.error(`${spec.name} has ended: ${failure}`);
    });
  }
  onEnd(child);

  async function end(signal: NodeJS.Signals, graceMs: number): Promise<void> {
    stopping = true;
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGCONT'); // a stopped process does not notice SIGTERM
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    await ended;
    clearTimeout(timer);
  }

  return {
    name: spec.name,
    logFile,
    get pid() {
      return child.pid ?? -1;
    },
    get running() {
      return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
    },
    get failure() {
      return failure;
    },
    signal: (signal) => void child.kill(signal),
    stop: (graceMs = stopGraceMs) => end('SIGTERM', graceMs),
    kill: () => end('SIGKILL', stopGraceMs),
    restart() {
      stopping = false;
      failure = undefined;
      child = launch(spec, options, logFile);
      ended = watch(child);
      onEnd(child);
    },
  };
}

function launch(spec: ProcessSpec, { binaries, nice = 0 }: StarterOptions, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a');
  try {
    const niceness = nice === 0 ? [] : ['--nice', String(nice)];
    return spawn(binaries['tether'] ?? 'tether', [...niceness, binaries[spec.command] ?? spec.command, ...spec.args], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...spec.env, TETHER_PARENT: String(process.pid) },
    });
  } finally {
    closeSync(log);
  }
}

function lastLines(file: string, count: number): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return '(no log)';
  }
}

/** Polls until `ready` is true; fails early when one of `needs` has ended. */
export async function untilReady(
  what: string,
  ready: () => Promise<boolean>,
  options: { needs?: readonly LabProcess[]; timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<void> {
  const deadline = Date.now() + (options.timeoutMs ?? 60_000);
  let last = '';
  for (;;) {
    options.signal?.throwIfAborted();
    for (const need of options.needs ?? []) {
      if (need.failure !== undefined)
        refuse('Unavailable', `${what}: process ${need.name} ended: ${need.failure}`, `See ${need.logFile}.`);
    }
    try {
      if (await ready()) return;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (Date.now() > deadline) {
      const logs = (options.needs ?? []).map((need) => `${need.logFile}: ${lastLines(need.logFile, 3)}`);
      throw new TidegateError('DeadlineExceeded', [`${what} did not get ready in time (${last})`, ...logs].join('\n'));
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { refuse } from '../../../core/values/error.ts';
import { present } from '../../../core/values/json.ts';

/** How long a command that only prints its version may take, in ms. */
const versionTimeoutMs = 5_000;
const keptLines = 15;

export interface CommandOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** What to do when it fails. */
  readonly fix: string;
  /** Every line of stdout and stderr. */
  readonly onLine: (line: string) => void;
}

/** Runs a command to its end; a failure shows its last lines. */
export async function runCommand(command: string, args: readonly string[], options: CommandOptions): Promise<void> {
  options.signal?.throwIfAborted();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.signal ? { signal: options.signal } : {}),
  });
  const last: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      last.push(line);
      if (last.length > keptLines) last.shift();
      options.onLine(line);
    });
  }
  const end = await new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(code === 0 ? '' : `exit ${code ?? signal}`));
  });
  options.signal?.throwIfAborted();
  if (end !== '') {
    refuse('Unavailable', `${command} ${args.join(' ')} failed (${end}):\n${last.join('\n')}`, options.fix);
  }
}

/** What a short command prints; empty when it fails or hangs. */
export function outputOf(command: string, args: readonly string[], cwd?: string): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: versionTimeoutMs,
      killSignal: 'SIGKILL',
      ...present({ cwd }),
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (data: string) => (text += data));
    child.once('error', () => resolve(''));
    child.once('close', (code) => resolve(code === 0 ? text : ''));
  });
}

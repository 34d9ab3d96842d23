#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { setTimeout as wait } from 'node:timers/promises';
import type { Io } from './io.ts';

// Before anything else is loaded: from the second start on, code comes compiled from Node's cache (NODE_COMPILE_CACHE,
// else a folder of this user below the system's temporary folder). A folder that cannot be written to is no error.
enableCompileCache();
const { run } = await import('./program.ts');

const interrupted = new AbortController();
// The first Ctrl-C asks the command to end well; the second ends the process.
const interrupt = (): void => {
  if (interrupted.signal.aborted) process.exit(130);
  interrupted.abort(new Error('interrupted'));
};
process.on('SIGINT', interrupt);
process.on('SIGTERM', interrupt);

// A reader that has seen enough (| head) is not an error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

const io: Io = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  stdin: process.stdin,
  columns: process.stdout.isTTY ? process.stdout.columns : 0,
  env: process.env,
  now: () => Date.now(),
  sleep: (ms) => wait(ms, undefined, { signal: interrupted.signal }).catch(() => undefined),
  signal: interrupted.signal,
};

process.exitCode = await run(process.argv.slice(2), io);

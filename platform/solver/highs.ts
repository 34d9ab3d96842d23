/** The solver of linear programs: HiGHS (MIT, WebAssembly) in a thread of its own. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LinearSolver } from '../../core/topology/program.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { ThreadAnswer, ThreadTask } from './solver-thread.ts';

/** A program that takes longer than this is given up, ms. 30 clusters × 30 services × 10 classes take some seconds. */
const GIVE_UP_MS = 120_000;

/** One thread for all programs of `body`, one after the other, since a start costs more than a small program; it ends with `body`. */
export async function withHighs<T>(body: (solver: LinearSolver) => Promise<T>): Promise<T> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = new Worker(new URL(`./solver-thread.${extension}`, import.meta.url));
  try {
    let programs = 0;
    let isBusy = false;
    return await body((rightSides) => {
      let mine: number | undefined;
      return async (added, start) => {
        if (isBusy || (mine !== undefined && mine !== programs)) throw failed('two programs share one thread');
        const task: ThreadTask = { added, start, rightSides: mine === undefined ? rightSides : undefined };
        mine ??= programs += 1;
        isBusy = true;
        return ask(thread, task).finally(() => (isBusy = false));
      };
    });
  } finally {
    await thread.terminate();
  }
}

async function ask(thread: Worker, task: ThreadTask): Promise<Extract<ThreadAnswer, { solved: unknown }>['solved']> {
  const answered = once(thread, 'message', { signal: AbortSignal.timeout(GIVE_UP_MS) });
  thread.postMessage(task);
  const [answer] = (await answered.catch((error: unknown) => {
    throw failed(error instanceof Error ? error.message : String(error));
  })) as [ThreadAnswer];
  if ('failed' in answer) throw failed(answer.failed);
  return answer.solved;
}

const failed = (why: string): TidegateError =>
  new TidegateError('Bug', `the topology could not be planned: ${why}`, {
    fix: 'the last plan stands; report this with the planner input',
  });

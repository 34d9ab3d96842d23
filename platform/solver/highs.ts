/** The solver of linear programs: HiGHS (MIT, WebAssembly) in a thread of its own. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LinearSolver } from '../../core/topology/program.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { ThreadAnswer, ThreadTask } from './solver-thread.ts';

/** A program that takes longer than this is given up, ms. 30 clusters × 30 services × 10 classes take some seconds. */
const GIVE_UP_MS = 120_000;

/** One thread for all programs of `body`, since a start costs more than a small program; it ends with `body`. */
export async function withHighs<T>(body: (solver: LinearSolver) => Promise<T>): Promise<T> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = new Worker(new URL(`./solver-thread.${extension}`, import.meta.url));
  try {
    return await body((rightSides) => {
      let isNew = true;
      return async (added, start) => {
        const task: ThreadTask = { added, start, rightSides: isNew ? rightSides : undefined };
        isNew = false;
        return ask(thread, task);
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

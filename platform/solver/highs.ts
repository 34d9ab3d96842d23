/** The solver of linear programs: HiGHS (MIT, WebAssembly) in a thread of its own. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { LinearSolver } from '../../core/topology/program.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { ThreadAnswer, ThreadStart, ThreadTask } from './solver-thread.ts';

/** A program that takes longer than this is given up, ms. 30 clusters × 30 services × 10 classes take a few seconds. */
const GIVE_UP_MS = 120_000;

/**
 * The program comes with a basis that is feasible, and grows by columns, which keeps it so: the primal simplex method
 * (4) needs a fifth of the time of the default there, and presolve would throw the basis away.
 */
const options = { presolve: 'off', solver: 'simplex', simplex_strategy: 4 };

export const highsSolver: LinearSolver = async (rightSides) => {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const start: ThreadStart = { rightSides, options };
  const thread = new Worker(new URL(`./solver-thread.${extension}`, import.meta.url), { workerData: start });
  return {
    solve: async (added, start) => {
      const answered = once(thread, 'message', { signal: AbortSignal.timeout(GIVE_UP_MS) });
      thread.postMessage({ added, start } satisfies ThreadTask);
      const [answer] = (await answered.catch((error: unknown) => {
        throw failed(error instanceof Error ? error.message : String(error));
      })) as [ThreadAnswer];
      if ('failed' in answer) throw failed(answer.failed);
      return answer.solved;
    },
    close: async () => void (await thread.terminate()),
  };
};

const failed = (why: string): TidegateError =>
  new TidegateError('Bug', `the topology could not be planned: ${why}`, {
    fix: 'the last plan stands; report this with the planner input',
  });

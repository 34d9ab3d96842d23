/** Runs simulations in worker threads, and remembers their results between benches when told where. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Answer, Job, Kind, Results } from './jobs.ts';

export interface Pool {
  readonly run: <K extends Kind>(job: Job<K>) => Promise<Results[K]>;
  /** All jobs, in this order; those that have not begun at the deadline are left out. */
  readonly all: <K extends Kind>(
    jobs: readonly Job<K>[],
    options?: { readonly deadlineMs?: number; readonly done?: (count: number) => void },
  ) => Promise<readonly (Results[K] | undefined)[]>;
  readonly close: () => Promise<void>;
}

/** @param keptIn JSON lines of finished jobs; a job that is there is not run again */
export const createPool = (threads: number, keptIn?: string): Pool => {
  const workers = Array.from({ length: threads }, () => new Worker(new URL('./worker.ts', import.meta.url)));
  const idle = [...workers];
  const waiting: ((worker: Worker) => void)[] = [];
  const kept = readKept(keptIn);
  const take = async (): Promise<Worker> =>
    idle.pop() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)));
  const giveBack = (worker: Worker): void => {
    const next = waiting.shift();
    if (next === undefined) idle.push(worker);
    else next(worker);
  };
  const run = async <K extends Kind>(job: Job<K>, begins: () => boolean = () => true) => {
    const key = JSON.stringify(job);
    const known = kept.get(key);
    if (known !== undefined) return known as Results[K];
    const worker = await take();
    try {
      if (!begins()) return undefined;
      const result = (await ask(worker, job)) as Results[K];
      if (keptIn !== undefined) appendFileSync(keptIn, `${JSON.stringify({ key, result })}\n`);
      return result;
    } finally {
      giveBack(worker);
    }
  };
  return {
    run: async (job) => {
      const result = await run(job);
      if (result === undefined) throw new Error(`${job.kind} did not run`);
      return result;
    },
    all: async (jobs, { deadlineMs = Number.POSITIVE_INFINITY, done } = {}) => {
      let count = 0;
      return await Promise.all(
        jobs.map(async (job) => {
          const result = await run(job, () => Date.now() < deadlineMs);
          count++;
          done?.(count);
          return result;
        }),
      );
    },
    close: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
};

const ask = (worker: Worker, job: Job<Kind>): Promise<unknown> =>
  new Promise((resolve, reject) => {
    worker.once('message', (answer: Answer) => {
      if ('error' in answer) reject(new Error(`${job.kind}: ${answer.error}`));
      else resolve(answer.result);
    });
    worker.postMessage(job);
  });

const readKept = (path: string | undefined): Map<string, unknown> => {
  if (path === undefined || !existsSync(path)) return new Map();
  const lines = readFileSync(path, 'utf8').split('\n');
  return new Map(
    lines
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { key: string; result: unknown })
      .map(({ key, result }) => [key, result]),
  );
};

/** A thread that simulates what it is asked for, one job after the other. */
import { parentPort } from 'node:worker_threads';
import { simulate, type Answer, type Job, type Kind } from './jobs.ts';

parentPort?.on('message', (job: Job<Kind>) => {
  let answer: Answer;
  try {
    answer = { result: simulate(job) };
  } catch (error) {
    answer = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  parentPort?.postMessage(answer);
});

/** A thread that simulates what it is asked for, one job after the other. */
import { parentPort } from 'node:worker_threads';
import { simulate, type Answer, type Job, type Kind } from './jobs.ts';

const answerTo = async (job: Job<Kind>): Promise<Answer> => {
  try {
    return { result: await simulate(job) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
};

parentPort?.on('message', (job: Job<Kind>) => void answerTo(job).then((answer) => parentPort?.postMessage(answer)));

/** `tidegate pause` and `unpause`: a worker writes the word on the frontends; here it is asked for and told. */
import type { Client } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { workflowNames, type PauseInput, type PauseResult } from '../../core/contract/messages.ts';
import { installationIn } from '../../core/contract/installation.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { workflowIdOf } from '../../core/contract/workflow-ids.ts';
import { refusalOf } from '../../platform/temporal/start-change.ts';
import { exitCodes, type Io } from '../io.ts';

export async function pauseNow(client: Client, io: Io, input: PauseInput): Promise<number> {
  const what = input.pause === null ? 'unpaused' : 'paused';
  const { clusters } = await asked(client, installationIn(io.env), input);
  const whose = input.service ?? input.cluster ?? '';
  for (const { cluster, services, failed } of clusters) {
    if (failed !== '') io.stderr(`${cluster}: not ${what}: ${failed}\n`);
    else if (input.cluster !== undefined) io.stdout(`${cluster}: ${what} (${String(services)} services)\n`);
    else io.stdout(`${cluster}: ${services === 0 ? `no ${whose} there` : what}\n`);
  }
  return clusters.some(({ failed }) => failed !== '') ? exitCodes.error : exitCodes.ok;
}

async function asked(client: Client, installation: string, input: PauseInput): Promise<PauseResult> {
  const handle = await client.workflow.start(workflowNames.pause, {
    workflowId: workflowIdOf(installation, 'pause', input.service ?? input.cluster ?? '', randomUUID()),
    taskQueue: taskQueue(installation, 'control'),
    args: [input],
    workflowExecutionTimeout: '10m',
  });
  try {
    return (await handle.result()) as PauseResult;
  } catch (error) {
    throw refusalOf(error);
  }
}

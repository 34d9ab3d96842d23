/** `tidegate cluster forget`: a worker takes the word out of the records; here it is asked for, and what is left is told. */
import type { Client } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { workflowNames, type ForgetInput, type ForgetResult } from '../../core/contract/messages.ts';
import { installationIn } from '../../core/contract/installation.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { workflowIdOf } from '../../core/contract/workflow-ids.ts';
import { refusalOf } from '../../platform/temporal/start-change.ts';
import { exitCodes, type Io } from '../io.ts';

export async function forgetNow(client: Client, io: Io, input: ForgetInput): Promise<number> {
  const { mesh, isNamed, forgotten, inTopology, left } = await asked(client, installationIn(io.env), input);
  const { cluster } = input;
  io.stdout(forgotten.length === 0 ? `no record calls ${cluster} absent\n` : `forgotten by ${forgotten.join(', ')}\n`);
  if (inTopology.length > 0)
    io.stdout(
      `${cluster} still has a share in the topology of ${inTopology.join(', ')}: take it out of spec.topology, and adopt those services again\n`,
    );
  if (isNamed)
    io.stdout(`mesh ${mesh} still names ${cluster}: take it out of the Mesh document; until then it is waited for\n`);
  for (const line of left) io.stderr(`not done: ${line}\n`);
  return left.length > 0 ? exitCodes.error : exitCodes.ok;
}

async function asked(client: Client, installation: string, input: ForgetInput): Promise<ForgetResult> {
  const handle = await client.workflow.start(workflowNames.forgetCluster, {
    workflowId: workflowIdOf(installation, 'forget', input.cluster, randomUUID()),
    taskQueue: taskQueue(installation, 'control'),
    args: [input],
    workflowExecutionTimeout: '10m',
  });
  try {
    return (await handle.result()) as ForgetResult;
  } catch (error) {
    throw refusalOf(error);
  }
}

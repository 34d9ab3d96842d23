/**
 * `tidegate demo`: the whole story on one machine, under traffic, with real parts: adopt → deploy v2 → promote →
 * deploy v3 → breach → restore → undo → v4 by a push, approved by a link. It proves itself: exit 0 only if each act ended as told and clients saw no failure
 * that v3 did not cause.
 */
import type { Client, WorkflowHandle } from '@temporalio/client';
import { writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { messageNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import type { Change } from '../../core/rollout/change.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { TidegateError } from '../../core/values/error.ts';
import { startLab, type Lab } from '../../infra/lab/client.ts';
import { approveByLink, openDoor, openSink, pushed, type DoorScene } from './demo-door.ts';
import { summaryOf, summaryText, type Act, type Summary } from './demo-summary.ts';
import { exitCodes, type Io } from '../io.ts';
import { handleOf, watchRollout } from '../rollouts/rollout.ts';
import { isPolled, startChange } from '../../platform/temporal/start-change.ts';
import { connectTemporal } from '../../platform/temporal/connect.ts';
import { present } from '../../core/values/json.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';

export interface DemoOptions {
  readonly keep?: boolean;
  readonly report?: string;
}

const service = 'checkout';
/** The entry of the command `tidegate`. */
const script = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url));
/** Share of v3's answers that are errors, and where. */
const fault = { ratio: '0.08', cluster: 'aws-us-east-1' };

export async function demoCommand(options: DemoOptions, io: Io): Promise<number> {
  const lab = await startLab({
    name: `demo-${process.pid}`,
    report: (line) => io.stderr(`${line}\n`),
    signal: io.signal,
  });
  try {
    io.stderr('starting a worker\n');
    await lab.worker.start(script);
    const labIo: Io = { ...io, env: { ...io.env, ...lab.env } };
    const { client, close } = await connectTemporal(labIo.env);
    try {
      await untilPolled(client, lab, labIo);
      const summary = await story(lab, client, labIo);
      io.stdout(summaryText(summary));
      if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(summary, null, 2)}\n`);
      if (options.keep === true) await stay(lab, labIo);
      return summary.ok ? exitCodes.ok : exitCodes.error;
    } finally {
      await close();
    }
  } finally {
    await lab.stop();
  }
}

async function untilPolled(client: Client, lab: Lab, io: Io): Promise<void> {
  while (!(await isPolled(client, taskQueue(DEFAULT_INSTALLATION, 'control')))) {
    const worker = (await lab.status()).find(({ name }) => name === 'worker');
    if (worker?.running !== true)
      throw new TidegateError('Unavailable', `the worker has ended: ${worker?.failure ?? 'it was stopped'}`);
    io.signal.throwIfAborted();
    await io.sleep(200);
  }
}

async function story(lab: Lab, client: Client, io: Io): Promise<Summary> {
  io.stderr(
    `\nTemporal UI: ${lab.env.TEMPORAL_UI_URL}\nTraffic: 200 requests/s from each cluster to ${service}, no retries\n`,
  );
  const begun = io.now();
  await lab.traffic.start({ service });
  await io.sleep(3_000);
  const acts: Act[] = [];
  const act = async (
    title: string,
    change: Change,
    expected: number,
    during?: (handle: WorkflowHandle) => Promise<void>,
  ): Promise<void> => {
    io.signal.throwIfAborted();
    io.stderr(`\n── ${title}\n`);
    acts.push(await play({ title, change, expected, client, io, ...present({ during }) }));
  };
  await act('adopt: the running v1 comes under Tidegate', { kind: 'adopt' }, exitCodes.ok);
  await act(
    'deploy v2: two waves to promotion',
    { kind: 'deploy', version: 'v2', image: 'registry.lab/checkout:v2' },
    exitCodes.ok,
  );
  await act(
    'deploy v3: it starts to fail at the second step',
    { kind: 'deploy', version: 'v3', image: 'registry.lab/checkout:v3' },
    exitCodes.restored,
    (handle) => breakAtSecondStep(lab, handle, io),
  );
  await act('undo v2: back to v1 in one step', { kind: 'undo' }, exitCodes.ok);
  io.stderr(`\n── push v4: the registry tells the front door, and nobody types a command\n`);
  acts.push(await throughTheDoor({ lab, io, service, version: 'v4', script }, client));
  await io.sleep(2_000);
  await lab.traffic.stop();
  await io.sleep(1_000);
  return summaryOf({ acts, traffic: await lab.traffic.report({ since: begun }), faulty: 'v3', fault });
}

/** A push, an approval by link, and what a sink hears of it. */
async function throughTheDoor(scene: DoorScene, client: Client): Promise<Act> {
  const { io } = scene;
  const sink = await openSink(io);
  const shut = await openDoor(scene, sink);
  try {
    const startedAt = io.now();
    const { handle, workflowId, runId } = await pushed(scene, sink, client);
    const [code] = await Promise.all([watchRollout(handle, io), approveByLink(scene, sink)]);
    await sink.heard('dev.tidegate.rollout.ended', 60_000);
    const status = await handle.query<RolloutStatus>(messageNames.status);
    const title = 'push v4: started by the registry, approved by a link';
    return { title, expected: exitCodes.ok, code, workflowId, runId, startedAt, endedAt: io.now(), status };
  } finally {
    await shut();
    await sink.close();
  }
}

interface Scene {
  readonly title: string;
  readonly change: Change;
  readonly expected: number;
  readonly client: Client;
  readonly io: Io;
  readonly during?: (handle: WorkflowHandle) => Promise<void>;
}

async function play({ title, change, expected, client, io, during }: Scene): Promise<Act> {
  const startedAt = io.now();
  const { plan, workflowId, runId } = await startChange(
    client,
    { service, change },
    { installation: DEFAULT_INSTALLATION, tell: io.stderr },
  );
  const handle = await handleOf(client, plan.service);
  const [code] = await Promise.all([watchRollout(handle, io), during?.(handle)]);
  const status = await handle.query<RolloutStatus>(messageNames.status);
  return { title, expected, code, workflowId, runId, startedAt, endedAt: io.now(), status };
}

async function breakAtSecondStep(lab: Lab, handle: WorkflowHandle, io: Io): Promise<void> {
  for (;;) {
    const status = await handle.query<RolloutStatus>(messageNames.status);
    if (status.outcome !== null) return;
    if (status.wave === 1 && status.step === 2 && status.phase === 'baking') break;
    await io.sleep(200);
  }
  io.stderr(`── now ${Number(fault.ratio) * 100} % of v3's answers in ${fault.cluster} are errors\n`);
  await lab.break('errors', service, 'v3', '--ratio', fault.ratio, '--cluster', fault.cluster);
}

async function stay(lab: Lab, io: Io): Promise<void> {
  io.stderr(`\nThe lab stays up until Ctrl-C. Temporal UI: ${lab.env.TEMPORAL_UI_URL}\n`);
  for (const [name, value] of Object.entries(lab.env)) io.stderr(`  export ${name}=${value}\n`);
  while (!io.signal.aborted) await io.sleep(1_000);
}

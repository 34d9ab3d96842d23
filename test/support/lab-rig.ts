/**
 * One lab, one worker and one connection to Temporal for a whole test file. The worker is a process of the lab, so that
 * it can be killed as a machine's loss would: without a word.
 */
import type { Client } from '@temporalio/client';
import { fileURLToPath } from 'node:url';
import type { Io } from '../../cli/io.ts';
import { run } from '../../cli/program.ts';
import { isPolled } from '../../platform/temporal/start-change.ts';
import { connectTemporal } from '../../platform/temporal/connect.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { startLab, type Lab, type StartLabOptions } from '../../infra/lab/client.ts';
import { createKubeClient, type KubeClient } from '../../infra/lab/api/kube-client.ts';
import { shopMesh } from '../../infra/lab/mesh.ts';
import { assertEventually } from './eventually.ts';
import { limits } from './limits.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';

export interface LabRig {
  readonly lab: Lab;
  readonly client: Client;
  /** Starts the worker; nothing happens when one runs already. */
  startWorker(): Promise<void>;
  /** What the CLI's functions are given. */
  readonly io: Io;
  /** An administrator's access: what a person with kubectl does. */
  admin(cluster: string): KubeClient;
  /** A command of `tidegate`, in this process. */
  tidegate(...argv: string[]): Promise<{ code: number; out: string; err: string }>;
  stop(): Promise<void>;
}

/** Beside the shop's own services `basket`, so that the faults and the story do not meet on one service. */
function testMesh(): ReturnType<typeof shopMesh> {
  const mesh = shopMesh();
  const [first] = mesh.services;
  return first === undefined ? mesh : { ...mesh, services: [...mesh.services, { ...first, name: 'basket' }] };
}

/** `worker`: its script, in place of this clone's. The other options are the lab's; tests leave them out. */
export async function startLabRig({
  worker = main,
  ...options
}: Omit<StartLabOptions, 'parts'> & { readonly worker?: string } = {}): Promise<LabRig> {
  const lab = await startLab({ name: `test-${process.pid}`, mesh: testMesh(), ...options });
  const startWorker = (): Promise<void> => lab.worker.start(worker);
  const admins = new Map(lab.clusters.map((cluster) => [cluster.name, createKubeClient(cluster.admin)]));
  const env = { ...process.env, ...lab.env };
  const stopLab = async (): Promise<void> => {
    await Promise.all([...admins.values()].map((admin) => admin.close()));
    await lab.stop();
  };
  try {
    const { client, close } = await connectTemporal(env);
    await startWorker();
    await assertEventually(async () => {
      if (!(await isPolled(client, taskQueue(DEFAULT_INSTALLATION, 'control')))) throw new Error('no worker polls');
    }, limits.workerReady);
    return {
      lab,
      client,
      startWorker,
      io: createIo(env, { stdout: () => undefined, stderr: () => undefined }),
      admin: (cluster) => known(admins, cluster),
      tidegate: (...argv) => runCommand(env, argv),
      stop: async () => {
        await close();
        await stopLab();
      },
    };
  } catch (error) {
    await stopLab();
    throw error;
  }
}

function createIo(env: Io['env'], { stdout, stderr }: Pick<Io, 'stdout' | 'stderr'>): Io {
  return {
    stdout,
    stderr,
    columns: 0,
    env,
    now: () => Date.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    signal: new AbortController().signal,
  };
}

async function runCommand(env: Io['env'], argv: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io = createIo(env, { stdout: (text) => void (out += text), stderr: (text) => void (err += text) });
  const code = await run(argv, io);
  return { code, out, err };
}

const known = <T>(map: ReadonlyMap<string, T>, name: string): T => {
  const found = map.get(name);
  if (found === undefined) throw new RangeError(`the lab has no cluster ${name}`);
  return found;
};

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

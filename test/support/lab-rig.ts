/**
 * One lab, one worker and one connection to Temporal for a whole test file. The worker is a process of its own, so that
 * it can be killed as a machine's loss would: without a word.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client } from '@temporalio/client';
import type { Io } from '../../cli/io.ts';
import { run } from '../../cli/program.ts';
import { isPolled } from '../../cli/start.ts';
import { connectTemporal } from '../../cli/temporal.ts';
import { taskQueues } from '../../core/contract/names.ts';
import { startLab } from '../../infra/lab/client.ts';
import type { Lab, StartLabOptions } from '../../infra/lab/client.ts';
import { createKubeClient } from '../../infra/lab/kube-client.ts';
import type { KubeClient } from '../../infra/lab/kube-client.ts';
import { shopMesh } from '../../infra/lab/mesh.ts';
import { assertEventually } from './eventually.ts';
import { limits } from './limits.ts';

export interface LabWorker {
  /** Nothing happens when one runs already. */
  start(): Promise<void>;
  /** kill -9: no shutdown, no heartbeat, no goodbye. */
  kill(): Promise<void>;
}

export interface LabRig {
  readonly lab: Lab;
  readonly client: Client;
  readonly worker: LabWorker;
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

/** Options are the lab's; tests leave them out. */
export async function startLabRig(options: Omit<StartLabOptions, 'parts'> = {}): Promise<LabRig> {
  const lab = await startLab({ name: `test-${process.pid}`, mesh: testMesh(), ...options });
  const worker = createWorker(lab);
  const admins = new Map(lab.clusters.map((cluster) => [cluster.name, createKubeClient(cluster.admin)]));
  const env = { ...process.env, ...lab.env };
  const stopLab = async (): Promise<void> => {
    await worker.kill();
    await Promise.all([...admins.values()].map((admin) => admin.close()));
    await lab.stop();
  };
  try {
    const { client, close } = await connectTemporal(env);
    await worker.start();
    await assertEventually(async () => {
      if (!(await isPolled(client, taskQueues.control))) throw new Error('no worker polls');
    }, limits.workerReady);
    return {
      lab,
      client,
      worker,
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

function createWorker(lab: Lab): LabWorker {
  let child: ChildProcess | undefined;
  const { NODE_OPTIONS: _jests, ...ours } = process.env;
  const log = join(lab.runDir, 'logs', 'worker.log');
  return {
    async start() {
      if (child !== undefined) return;
      const started = spawn(process.execPath, [main, 'worker'], {
        env: { ...ours, ...lab.env },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      child = started;
      let said = '';
      started.stderr.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        appendFileSync(log, chunk);
      });
      await assertEventually(() => {
        if (!said.includes('worker ready')) throw new Error(`the worker is not ready: ${said}`);
      }, limits.workerReady);
    },
    async kill() {
      const ended = child;
      child = undefined;
      if (ended === undefined || ended.exitCode !== null || ended.signalCode !== null) return;
      const exited = once(ended, 'exit');
      ended.kill('SIGKILL');
      await exited;
    },
  };
}

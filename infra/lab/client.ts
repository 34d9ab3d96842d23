/**
 * How everybody else uses a lab: the CLI, the demo, the tests. `startLab` starts a supervisor whose life hangs on a pipe
 * to this process; `labUp({ detach: true })` lets go of that pipe; `connectLab` finds a lab that is up.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { TidegateError, refuse } from '../../core/values/error.ts';
import { callControl } from './processes/control-server.ts';
import { parseBreak } from './faults.ts';
import {
  controlSocket,
  loadSocket,
  type LabClusterState,
  type LabEnv,
  type LabParts,
  type LabProcessStatus,
  type LabSpec,
  type LabState,
} from './lab-state.ts';
import type { TrafficReport } from './load/report.ts';
import { shopMesh, type LabMesh } from './mesh.ts';
import type { ProgramOnDemand } from './processes/own-processes.ts';
import {
  claimRunDir,
  isSupervisor,
  pidFile,
  readLabState,
  runDirOf,
  supervisorPid,
  supervisorScript,
} from './run-dirs.ts';

export const defaultLabName = 'shop';
/** Requests per second of each cluster. */
export const defaultRate = 200;

export interface StartLabOptions {
  /** Default: `shop`. */
  readonly name?: string;
  /** Default: the mesh `shop`. */
  readonly mesh?: LabMesh;
  /** Names of the clusters to start; default: all of the mesh. */
  readonly clusters?: readonly string[];
  /** Default: everything. */
  readonly parts?: LabParts;
  /** Default: 1 000. Between two scrapes of an Envoy, and between two exports of a pod. */
  readonly metricsIntervalMs?: number;
  /** Default: 1. Which requests fail under an error fault. */
  readonly seed?: number;
  readonly report?: (line: string) => void;
  readonly signal?: AbortSignal;
}

interface LabTraffic {
  /** Starts or changes the requests to a service; `rates` overrides single clusters. */
  start(options: {
    service: string;
    rate?: number;
    rates?: Record<string, number>;
    /** Every so many requests dial a pod themselves, past Envoy. */
    pastEvery?: number;
  }): Promise<void>;
  /** No new requests; those under way end by themselves. */
  stop(): Promise<void>;
  /** Times in ms since the epoch; default: everything so far. */
  report(window?: { since?: number; until?: number }): Promise<TrafficReport>;
}

export interface Lab {
  readonly name: string;
  readonly slot: number;
  readonly runDir: string;
  readonly env: LabEnv;
  readonly mesh: LabMesh;
  readonly clusters: readonly LabClusterState[];
  readonly traffic: LabTraffic;
  /** A process of the lab, at the priority of a control plane. */
  readonly worker: ProgramOnDemand;
  /** Another one: `tidegate serve`. */
  readonly frontDoor: ProgramOnDemand;
  /** The words of `tidegate lab break`, for example `break('errors', 'checkout', 'v3', '--ratio', '0.08')`. */
  break(...words: string[]): Promise<void>;
  status(): Promise<LabProcessStatus[]>;
  /** Ends every process and removes the run directory. */
  stop(): Promise<void>;
}

export async function startLab(options: StartLabOptions = {}): Promise<Lab> {
  const { state, child } = await launch(options);
  return labOf(state, () => endOf(child));
}

/** `tidegate lab up`: with `detach` the lab outlives this process. */
export async function labUp(options: StartLabOptions & { detach: boolean }): Promise<Lab> {
  const { state, child } = await launch(options);
  if (!options.detach) return labOf(state, () => endOf(child));
  await new Promise<void>((resolve) => child.stdin?.end('detach\n', resolve));
  child.stdout?.destroy();
  child.unref();
  return connectLab(state.name);
}

/** A lab that is up, by name. */
export function connectLab(name: string = defaultLabName): Lab {
  const state = readLabState(name);
  if (!state || supervisorPid(name) === undefined)
    refuse('Unavailable', `The lab ${name} is not up`, `Start it with \`tidegate lab up --name ${name}\`.`);
  return labOf(state, () => endOfPid(state.pid));
}

/** Also ends a lab that is still starting, and clears what a dead one left; a lab that is not there is fine. */
export async function labDown(name: string = defaultLabName): Promise<void> {
  const pid = supervisorPid(name);
  if (pid !== undefined) await endOfPid(pid);
  rmSync(runDirOf(name), { recursive: true, force: true });
}

/** Runs a command with the lab's environment; gives its exit code. */
export async function labExec(command: readonly string[], name: string = defaultLabName): Promise<number> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: 'inherit', env: { ...process.env, ...connectLab(name).env } });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new TidegateError('Invalid', `Cannot run ${program}: ${error.message}`)));
    child.once('exit', (code, signal) => resolve(signal ? 1 : (code ?? 1)));
  });
}

function labOf(state: LabState, stop: () => Promise<void>): Lab {
  const control = join(state.runDir, controlSocket);
  const load = join(state.runDir, loadSocket);
  return {
    name: state.name,
    slot: state.slot,
    runDir: state.runDir,
    env: state.env,
    mesh: state.mesh,
    clusters: state.clusters,
    traffic: {
      async start({ rate = defaultRate, ...order }) {
        await callControl(control, '/traffic', { rate, ...order });
      },
      async stop() {
        await callControl(load, '/stop', {});
      },
      report: ({ since, until } = {}) => {
        const query = new URLSearchParams();
        if (since !== undefined) query.set('since', String(since));
        if (until !== undefined) query.set('until', String(until));
        return callControl<TrafficReport>(load, `/report?${query.toString()}`);
      },
    },
    worker: programAt(control, '/worker'),
    frontDoor: programAt(control, '/front-door'),
    async break(...words) {
      await callControl(control, '/break', parseBreak(words));
    },
    status: async () => (await callControl<{ processes: LabProcessStatus[] }>(control, '/status')).processes,
    stop,
  };
}

const programAt = (control: string, path: string): ProgramOnDemand => ({
  async start(script) {
    await callControl(control, `${path}/start`, { script });
  },
  async kill() {
    await callControl(control, `${path}/kill`, {});
  },
});

interface Launched {
  readonly state: LabState;
  readonly child: ChildProcess;
}

async function launch(options: StartLabOptions): Promise<Launched> {
  const spec = specOf(options);
  const child = spawnSupervisor(spec);
  const stop = (): void => void child.stdin?.end();
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    return { state: await untilUp(child, options.report ?? (() => undefined), spec), child };
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

function specOf(options: StartLabOptions): LabSpec {
  const {
    name = defaultLabName,
    mesh = shopMesh(),
    clusters,
    parts = 'all',
    metricsIntervalMs = 1_000,
    seed = 1,
  } = options;
  const unknown = (clusters ?? []).filter((wanted) => !mesh.clusters.some((cluster) => cluster.name === wanted));
  if (unknown.length > 0)
    refuse(
      'Invalid',
      `The mesh ${mesh.name} has no cluster ${unknown.join(', ')}`,
      `Known are: ${mesh.clusters.map((cluster) => cluster.name).join(', ')}.`,
    );
  const chosen = clusters ? mesh.clusters.filter((cluster) => clusters.includes(cluster.name)) : mesh.clusters;
  return { name, runDir: claimRunDir(name), mesh: { ...mesh, clusters: chosen }, parts, metricsIntervalMs, seed };
}

function spawnSupervisor(spec: LabSpec): ChildProcess {
  const log = openSync(join(spec.runDir, 'logs', 'supervisor.log'), 'a');
  const { NODE_OPTIONS: _ours, ...env } = process.env; // a test runner's options are not the lab's
  // In a session of its own: an interrupt at the terminal reaches it through the pipe only, in order.
  const child = spawn(process.execPath, [supervisorScript], { stdio: ['pipe', 'pipe', log], detached: true, env });
  closeSync(log);
  child.stdin?.on('error', () => undefined); // the supervisor has ended; its exit is what counts
  writeFileSync(join(spec.runDir, pidFile), String(child.pid ?? ''));
  child.stdin?.write(`${JSON.stringify(spec)}\n`);
  return child;
}

function untilUp(child: ChildProcess, report: (line: string) => void, spec: LabSpec): Promise<LabState> {
  return new Promise((resolve, reject) => {
    child.once('exit', (code) => {
      const logs = join(spec.runDir, 'logs');
      reject(
        new TidegateError('Unavailable', `The lab ${spec.name} ended before it was ready (exit code ${code})`, {
          fix: `See ${logs}.`,
        }),
      );
    });
    child.once('error', reject);
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { progress, ready, failed } = JSON.parse(line) as {
        progress?: string;
        ready?: LabState;
        failed?: { message: string; fix: string };
      };
      if (progress !== undefined) report(progress);
      if (ready) resolve(ready);
      if (failed)
        reject(
          new TidegateError('Unavailable', failed.message, { fix: failed.fix || `See ${join(spec.runDir, 'logs')}.` }),
        );
    });
  });
}

async function endOf(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.stdin?.end();
  await ended;
}

/** A supervisor that does not end in time is killed; its children die with it. */
async function endOfPid(pid: number): Promise<void> {
  process.kill(pid, 'SIGTERM');
  const deadline = Date.now() + 15_000;
  while (isSupervisor(pid)) {
    if (Date.now() > deadline) process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

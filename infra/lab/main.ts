/**
 * The supervisor process behind `tidegate lab up`, the demo and the tests. Speaks lines with the process that started it:
 *
 *   stdin   the LabSpec as one line of JSON; then `detach`, or the end of input, which stops everything
 *   stdout  {"progress": …} lines, then {"ready": LabState} or {"failed": …}
 *
 * Once up, it is controlled over `control.sock` in the run directory. Whatever way it ends, its children end with it.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { callControl, serveControl } from './processes/control-server.ts';
import type { BreakOrder } from './faults.ts';
import { controlSocket, loadSocket, type LabSpec } from './lab-state.ts';
import type { TrafficOrder } from './load/main.ts';
import { superviseLab, type SupervisedLab, type Supervision } from './supervisor.ts';

let supervision: Supervision | undefined;
let spec: LabSpec | undefined;
let detached = false;
let stopping: Promise<void> | undefined;

/** The reader of stdout may be gone after `detach`. */
process.stdout.on('error', () => undefined);

function say(line: { progress: string } | { ready: unknown } | { failed: { message: string; fix: string } }): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function stop(exitCode: number): Promise<void> {
  stopping ??= (async () => {
    await supervision?.stop().catch((error: unknown) => console.error(error));
    if (spec && exitCode === 0) rmSync(spec.runDir, { recursive: true, force: true });
    process.exit(exitCode);
  })();
  return stopping;
}

async function up(from: LabSpec): Promise<void> {
  spec = from;
  supervision = superviseLab(from, (progress) => say({ progress }));
  try {
    const lab = await supervision.ready;
    await serveControl(join(from.runDir, controlSocket), ({ path, body }) => answer(lab, path, body));
    say({ ready: lab.state });
  } catch (error) {
    if (stopping) return;
    const { message, fix = '' } = error as Error & { fix?: string };
    console.error(error);
    say({ failed: { message, fix } });
    await stop(1); // leaves the logs
  }
}

async function answer(lab: SupervisedLab, path: string, body: unknown): Promise<unknown> {
  const load = join(lab.state.runDir, loadSocket);
  switch (path) {
    case '/status':
      return { state: lab.state, processes: lab.status() };
    case '/break':
      await lab.break(body as BreakOrder);
      return {};
    case '/worker/start':
      await lab.worker.start((body as { script: string }).script);
      return {};
    case '/worker/kill':
      await lab.worker.kill();
      return {};
    case '/front-door/start':
      await lab.frontDoor.start((body as { script: string }).script);
      return {};
    case '/front-door/kill':
      await lab.frontDoor.kill();
      return {};
    case '/traffic': {
      const wanted = body as Omit<TrafficOrder, 'targets' | 'namespace'>;
      const namespace = lab.namespaceOf(wanted.service);
      const order: TrafficOrder = { ...wanted, namespace, targets: await lab.addresses(wanted.service) };
      return callControl(load, '/start', order);
    }
    default:
      throw new Error(`no such path: ${path}`);
  }
}

const input = createInterface({ input: process.stdin });
input.once('line', (line) => {
  void up(JSON.parse(line) as LabSpec);
  input.on('line', (next) => {
    detached ||= next === 'detach';
  });
});
input.once('close', () => {
  if (!detached) void stop(0);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void stop(0));

/** cli: how long a person waits for the command itself, beside what Temporal and a worker take to answer. */
import { spawn } from 'node:child_process';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { taskQueue } from '../../core/contract/queues.ts';
import { messageNames, workflowNames, type StartRolloutInput } from '../../core/contract/messages.ts';
import { rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import { startChange } from '../../platform/temporal/start-change.ts';
import { startWorkers } from '../../worker/workers.ts';
import { fakeWorld, untilCancelled } from '../support/fake-activities.ts';
import { testConfig, testRead } from '../support/facts.ts';
import { testPlan } from '../support/plans.ts';
import { startTemporal, type TestTemporal } from '../support/temporal-server.ts';
import type { Bench, BenchContext, BenchResult, Measure } from './bench.ts';
import { median } from './statistics.ts';
import { quietly } from '../support/temporal.ts';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const AT_MOST_MS = 500;

/** The examples' Mesh and Service: status looks its service up in them. */
const config = fileURLToPath(new URL('../../docs/examples', import.meta.url));
const planned: StartRolloutInput = { service: 'checkout', change: { kind: 'deploy', version: 'v2', image: 'i:v2' } };

export const cliBench: Bench = {
  name: 'cli',
  about: 'how long --help, --version, plan and rollout status take by themselves',
  repeats: 15,
  run: measure,
};

async function measure(context: BenchContext): Promise<BenchResult> {
  const temporal = await startTemporal();
  const { env } = temporal;
  const world = fakeWorld({
    loadConfig: async () => testConfig(),
    readRecords: async () => testRead(),
    watchSlo: () => untilCancelled(),
  });
  const namespace = env.namespace ?? 'default';
  const workers = await startWorkers({
    connection: env.nativeConnection,
    namespace,
    activities: world.activities,
    graceMs: 500,
  });
  try {
    return resultOf(await allTimes(temporal, context));
  } finally {
    workers.shutdown();
    await workers.done;
    await temporal.stop();
  }
}

type Times = Readonly<Record<string, readonly number[]>>;

async function allTimes({ env, address }: TestTemporal, { repeats, report, signal }: BenchContext): Promise<Times> {
  const { client } = env;
  const seen = Object.fromEntries(testRead().clusters.map((one) => [one.cluster, one.record?.versions.epoch ?? 0]));
  const plan = { ...testPlan(), seen };
  const handle = await client.workflow.start(workflowNames.rollout, {
    workflowId: rolloutWorkflowId(DEFAULT_INSTALLATION, { ...plan.service, part: 'versions' }),
    taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
    args: [{ plan }],
  });
  const cache = join(root, 'node_modules', '.cache', 'node-compile');
  const vars = {
    NODE_COMPILE_CACHE: cache,
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: env.namespace ?? 'default',
    TIDEGATE_CONFIG: config,
  };
  const spentMs: Record<string, number[]> = {};
  const command = async (name: string, ...args: string[]): Promise<number> => {
    const begunMs = performance.now();
    const spent = await cli([main, ...args], vars);
    const ms = performance.now() - begunMs;
    (spentMs[name] ??= []).push(spent);
    return ms;
  };
  const answers = {
    plan: () => timed(() => startChange(client, { ...planned, dryRun: true }, quietly)),
    status: () =>
      timed(async () => {
        await handle.describe();
        await Promise.all([handle.query(messageNames.status), handle.query(messageNames.plan)]);
      }),
  };
  const runs: Record<string, () => Promise<number>> = {
    help: () => command('help', '--help'),
    version: () => command('version', '--version'),
    'plan, all': () => command('plan', 'plan', 'checkout', '--version', 'v2', '--image', 'i:v2'),
    'plan, answer': answers.plan,
    'status, all': () => command('status', 'rollout', 'status', plan.service.service),
    'status, answer': answers.status,
    'npm help': () => timed(() => exec('npm', ['run', '--silent', 'tidegate', '--', '--help'], vars)),
  };
  const times: Record<string, number[]> = {};
  // The first round fills Node's compile cache and warms the worker; it is not counted.
  for (let round = 0; round <= repeats; round++) {
    signal.throwIfAborted();
    for (const [name, run] of Object.entries(runs)) {
      const ms = await run();
      if (round > 0) (times[name] ??= []).push(ms);
    }
    report(`round ${round} of ${repeats}`);
  }
  await handle.terminate('bench');
  const spent = Object.entries(spentMs).map(([name, values]) => [`${name}, spent`, values.slice(1)] as const);
  return { ...times, ...Object.fromEntries(spent) };
}

/** Tells at its end what processor time the command took, µs, on a pipe of its own. */
const telling = `import { writeSync } from 'node:fs';
process.on('exit', () => { const { user, system } = process.cpuUsage(); writeSync(3, String(user + system)); });`;

/** Gives the processor time of the command, ms: on a busy machine the time on the clock is the machine's, too. */
async function cli(args: readonly string[], vars: Record<string, string>): Promise<number> {
  const told = ['--import', `data:text/javascript,${encodeURIComponent(telling)}`];
  return Number(await exec(process.execPath, [...told, ...args], vars)) / 1_000;
}

function exec(command: string, args: readonly string[], vars: Record<string, string>): Promise<string> {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...vars },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  let [err, told] = ['', ''];
  child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()));
  child.stdio[3]?.on('data', (chunk: Buffer) => (told += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(told) : reject(new Error(`${args.join(' ')}: ${code}\n${err}`)),
    );
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begunMs = performance.now();
  await work();
  return performance.now() - begunMs;
}

function resultOf(times: Times): BenchResult {
  const values = (name: string): readonly number[] => times[name] ?? [];
  const answer = (name: string): number => median(values(`${name}, answer`));
  const own = (name: string): number[] => values(`${name}, all`).map((ms) => Math.max(0, ms - answer(name)));
  const bound = { of: 'median', atMost: AT_MOST_MS } as const;
  const row = (what: string, of: readonly number[], more: Partial<Measure> = {}): Measure => ({
    what,
    unit: 'ms',
    values: of.map(Math.round),
    ...more,
  });
  return {
    title: 'Starting the command',
    settings: {
      command: 'node cli/main.ts, as npm run tidegate starts it in a clone',
      answer: 'Temporal dev server, a worker with fake activities',
      niceness: getPriority(),
    },
    measures: [
      row('tidegate --help', values('help'), { bound }),
      row('tidegate --version', values('version'), { bound }),
      row('tidegate plan: its own', own('plan'), { bound }),
      row('tidegate plan: with the answer', values('plan, all')),
      row('the same plan from a client that is connected', values('plan, answer')),
      row('tidegate rollout status: its own, with a look into the config', own('status'), { bound }),
      row('tidegate rollout status: with the answer', values('status, all')),
      row('the same questions from a client that is connected', values('status, answer')),
      row('npm run tidegate -- --help', values('npm help')),
      row('processor time of --help', values('help, spent')),
      row('processor time of plan', values('plan, spent')),
      row('processor time of rollout status', values('status, spent')),
    ],
    notes: [
      'Its own: what the command took, less the median of what the same calls take from a client that is connected already. Connecting is the command’s own.',
      'One round before the first is not counted: it fills Node’s compile cache, as the first command of a machine does.',
      'The worker and Temporal run on the same two cores while a command starts: where the load average is above them, the times on the clock are partly those of others. Processor time (all threads) is not.',
      'From a clone `npm run` adds npm and infra/bootstrap.js; an installed tidegate does not have them.',
    ],
  };
}

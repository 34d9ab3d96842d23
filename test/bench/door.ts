/** The front door under load: how many events a second it takes, and what is lost when it, or Temporal, dies in mid-load. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { handleEventWorkflowId } from '../../core/contract/events.ts';
import { freePorts } from '../../infra/lab/ports.ts';
import { writeDoorConfig } from '../support/door-config.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { startTemporal } from '../support/temporal.ts';
import type { Bench, BenchContext } from './bench.ts';

/** Events a second that are tried one after the other, for that long each, s. */
const rates = [50, 100, 200, 400, 800] as const;
const stageS = 6;
/** With that part of them accepted in time, a rate is kept up with. */
const kept = 0.98;
const killed = { perSecond: 100, seconds: 10, afterMs: 4_000 } as const;
const down = { perSecond: 20, seconds: 38, afterMs: 3_000, forMs: 30_000 } as const;
/** Pause of a sender before it sends again, ms. */
const againMs = 1_000;
/** Answers that were on their way when Temporal was cut off, ms. */
const onTheWayMs = 250;
const token = 'of-a-bench';
const source = '/bench';

interface Rig {
  readonly url: string;
  readonly client: Client;
  readonly proxy: TcpProxy;
  start(): Promise<void>;
  kill(): Promise<void>;
}

interface Delivery {
  readonly id: string;
  /** ms; NaN = never. */
  acceptedAt: number;
  attempts: number;
  /** Answers that said that they were the first. */
  firsts: number;
}

export const doorBench: Bench = {
  name: 'door',
  about: 'events a second of one front door, and what is lost when it or Temporal dies in mid-load',
  repeats: 1,
  async run(context) {
    const found = await withDoor(context, (rig) => measure(rig, context));
    const none = { of: 'every', atMost: 0 } as const;
    return {
      title: 'The front door under load',
      settings: {
        load: `open loop: ${rates.join(', ')} events/s for ${stageS} s each, one workflow each; no worker takes them`,
        killed: `SIGKILL after ${killed.afterMs / 1000} s of ${killed.perSecond} events/s, started again at once`,
        'Temporal down': `cut off for ${down.forMs / 1000} s of ${down.perSecond} events/s`,
        senders: `send again after ${againMs / 1000} s, with the same id, until they are answered 2xx, for ${patienceMs / 1000} s at most`,
      },
      measures: [
        { what: 'accepted events a second, kept up with', unit: '', values: [found.perSecond] },
        { what: 'p99 of own time at that rate', unit: 'ms', values: [found.ownMs], bound: { of: 'every', atMost: 10 } },
        { what: 'killed: accepted and lost', unit: '', values: [found.killed.lost], bound: none },
        { what: 'killed: never accepted', unit: '', values: [found.killed.unheard], bound: none },
        { what: 'killed: started twice', unit: '', values: [found.killed.twice], bound: none },
        { what: 'Temporal down: answers 2xx meanwhile', unit: '', values: [found.falsely], bound: none },
        { what: 'Temporal down: accepted and lost', unit: '', values: [found.down.lost], bound: none },
        { what: 'Temporal down: never accepted', unit: '', values: [found.down.unheard], bound: none },
        { what: 'Temporal down: started twice', unit: '', values: [found.down.twice], bound: none },
      ],
      notes: [
        'Senders, front door, Temporal and its store share this machine.',
        'Own time is the histogram tidegate_front_door_own_seconds: without waiting for the body and for Temporal.',
        'Temporal is cut off by a proxy that ends every connection and takes none.',
      ],
    };
  },
};

interface Found {
  readonly perSecond: number;
  readonly ownMs: number;
  readonly killed: Losses;
  readonly down: Losses;
  readonly falsely: number;
}

async function measure(rig: Rig, { report }: BenchContext): Promise<Found> {
  let best = { perSecond: 0, ownMs: Number.NaN };
  for (const perSecond of rates) {
    const before = await ownBuckets(rig.url);
    const begun = performance.now();
    const sent = openLoop({ perSecond, seconds: stageS, name: `rate-${perSecond}` }, (id) => sendOnce(rig.url, id));
    const accepted = (await sent).filter(
      ({ status, atMs }) => status === 202 && atMs - begun < stageS * 1_000 + 500,
    ).length;
    const ownMs = p99Of(before, await ownBuckets(rig.url));
    report(`${perSecond}/s: ${accepted} accepted in ${stageS} s, p99 of own time ${ownMs.toFixed(2)} ms`);
    if (accepted < kept * perSecond * stageS) break;
    best = { perSecond: accepted / stageS, ownMs };
  }
  report('killing it in mid-load');
  const kill = wait(killed.afterMs).then(async () => {
    await rig.kill();
    await rig.start();
  });
  const overKill = await deliverAll(rig, { ...killed, name: 'killed' });
  await kill;
  report('cutting Temporal off');
  const cut = { from: 0, to: 0 };
  const outage = wait(down.afterMs).then(async () => {
    await rig.proxy.cut();
    cut.from = performance.now();
    await wait(down.forMs);
    cut.to = performance.now();
    await rig.proxy.mend();
  });
  const overDown = await deliverAll(rig, { ...down, name: 'down' });
  await outage;
  const falsely = overDown.filter(({ acceptedAt }) => acceptedAt > cut.from + onTheWayMs && acceptedAt < cut.to).length;
  return { ...best, killed: await lossesOf(rig, overKill), down: await lossesOf(rig, overDown), falsely };
}

interface Load {
  readonly perSecond: number;
  readonly seconds: number;
  readonly name: string;
}

/** Sends at its times, whether earlier ones are answered or not. */
async function openLoop<T>({ perSecond, seconds, name }: Load, send: (id: string) => Promise<T>): Promise<T[]> {
  const begun = performance.now();
  const sent: Promise<T>[] = [];
  for (let i = 0; i < perSecond * seconds; i += 1) {
    const ahead = begun + (i * 1_000) / perSecond - performance.now();
    if (ahead > 1) await wait(ahead);
    sent.push(send(`${name}-${i}`));
  }
  return Promise.all(sent);
}

interface Sent {
  /** 0 = no answer. */
  readonly status: number;
  readonly atMs: number;
  readonly isFirst: boolean;
}

async function sendOnce(url: string, id: string): Promise<Sent> {
  try {
    const response = await fetch(`${url}/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/cloudevents+json' },
      body: JSON.stringify({ specversion: '1.0', id, source, type: 'bench', data: { tag: 'v1' } }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    return { status: response.status, atMs: performance.now(), isFirst: text.includes('"duplicate":false') };
  } catch {
    // The connection broke, or nobody listens: the sender knows nothing, and sends again.
    return { status: 0, atMs: performance.now(), isFirst: false };
  }
}

/** Senders give up that long after they began, ms. */
const patienceMs = 90_000;

function deliverAll({ url }: Rig, load: Load): Promise<Delivery[]> {
  return openLoop(load, async (id) => {
    const delivery: Delivery = { id, acceptedAt: Number.NaN, attempts: 0, firsts: 0 };
    const end = performance.now() + patienceMs;
    while (Number.isNaN(delivery.acceptedAt) && performance.now() < end) {
      if (delivery.attempts > 0) await wait(againMs);
      const { status, atMs, isFirst } = await sendOnce(url, id);
      delivery.attempts += 1;
      if (status >= 200 && status < 300) delivery.acceptedAt = atMs;
      if (isFirst) delivery.firsts += 1;
    }
    return delivery;
  });
}

interface Losses {
  /** Accepted, and not there. */
  readonly lost: number;
  /** Its sender gave up: the machine was too slow for the load, or the door lets nobody in. */
  readonly unheard: number;
  readonly twice: number;
}

async function lossesOf({ client }: Rig, deliveries: readonly Delivery[]): Promise<Losses> {
  let [lost, unheard, twice] = [0, 0, 0];
  for (const { id, acceptedAt, firsts } of deliveries) {
    const workflowId = handleEventWorkflowId('default', {
      event: { source, id },
      trigger: 'on-push',
      ...{ namespace: 'shop', service: 'checkout' },
    });
    const isAccepted = !Number.isNaN(acceptedAt);
    const runs = await runsOf(client, workflowId);
    if (!isAccepted) unheard += 1;
    if (isAccepted && runs === 0) lost += 1;
    if (runs > 1 || firsts > 1) twice += 1;
  }
  return { lost, unheard, twice };
}

/** A workflow that nobody works on has one run, unless it was started again. */
async function runsOf(client: Client, workflowId: string): Promise<number> {
  try {
    const { raw, runId } = await client.workflow.getHandle(workflowId).describe();
    const first = raw.workflowExecutionInfo?.firstRunId ?? runId;
    return first === '' || first === runId ? 1 : 2;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return 0;
    throw error;
  }
}

type Buckets = readonly (readonly [boundMs: number, count: number])[];

async function ownBuckets(url: string): Promise<Buckets> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.matchAll(/^tidegate_front_door_own_seconds_bucket\{route="\/events",le="([^"]+)"\} (\d+)$/gm);
  return [...lines].map(([, le = '', count = '']) => [le === '+Inf' ? Infinity : Number(le) * 1_000, Number(count)]);
}

/** Within its bucket as if the values lay evenly. */
function p99Of(before: Buckets, after: Buckets): number {
  const counts = after.map(([bound, count], i) => [bound, count - (before[i]?.[1] ?? 0)] as const);
  const wanted = (counts.at(-1)?.[1] ?? 0) * 0.99;
  const at = counts.findIndex(([, count]) => count >= wanted);
  const [from, below] = counts[at - 1] ?? [0, 0];
  const [to, count] = counts[at] ?? [Number.NaN, 0];
  return from + ((to - from) * (wanted - below)) / Math.max(1, count - below);
}

async function withDoor<T>({ report }: BenchContext, use: (rig: Rig) => Promise<T>): Promise<T> {
  const temporal = await startTemporal();
  const dir = mkdtempSync(join(tmpdir(), 'tidegate-door-'));
  const proxy = await startTcpProxy(temporal.address);
  const [port] = (await freePorts(1)) as [number];
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  const kill = async (): Promise<void> => {
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child?.kill('SIGKILL');
    await ended;
  };
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, ['cli/main.ts', 'serve', '--config', dir, '--listen', `127.0.0.1:${port}`], {
      cwd: fileURLToPath(new URL('../..', import.meta.url)),
      env: { ...process.env, TEMPORAL_ADDRESS: proxy.address, CI_TOKEN: token },
      stdio: 'ignore',
    });
    const until = Date.now() + 60_000;
    while (
      !(await fetch(`${url}/readyz`).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (Date.now() > until) throw new Error('the front door does not get ready');
      await wait(100);
    }
  };
  try {
    await writeDoorConfig(dir);
    report('starting the front door');
    await start();
    return await use({ url, client: temporal.env.client, proxy, start, kill });
  } finally {
    if (child?.exitCode === null) await kill();
    await proxy.cut();
    await temporal.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

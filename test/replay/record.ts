/**
 * `npm run record-histories [-- NAME]`: plays every scenario (or those whose names have NAME in them, and keeps the rest) against a real Temporal server, with activities in memory, and saves the
 * histories of `unreleased`. Run it when a change of the workflows adds a path (replay.test.ts says which is lacking), or is
 * meant to end the runs that are under way. Those of releases are never recorded again: they must go on replaying.
 */
import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { workflowNames, type SettleStatus } from '../../core/contract/messages.ts';
import { startWorkers } from '../../worker/workers.ts';
import { startTemporal } from '../support/temporal.ts';
import { historiesDir, readHistories, UNRELEASED, type RecordedHistory } from './histories.ts';
import { neutral, pathOf } from './recorded.ts';
import { scenarios } from './scenarios/all.ts';
import { activitiesOfAll, createStage, type Scenario } from './scenarios/stage.ts';
import { waitUntil } from './scenarios/wait.ts';

/** Scenarios that are played at the same time. */
const AT_ONCE = 12;

const names = scenarios.map(({ name }) => name);
for (const name of names)
  if (names.some((other) => other !== name && other.includes(name))) throw new Error(`${name} is part of another name`);

const only = process.argv[2] ?? '';
const played = scenarios.filter(({ name }) => name.includes(only));
const temporal = await startTemporal();
try {
  const recorded = await record(temporal.env.client);
  await save(only === '' ? recorded : [...keptOfOthers(), ...recorded]);
} finally {
  await temporal.stop();
}

async function record(client: Client): Promise<RecordedHistory[]> {
  const worlds = new Map(played.map(({ name, world }) => [name, world(name)]));
  const { nativeConnection, namespace = 'default' } = temporal.env;
  const activities = activitiesOfAll(worlds);
  const workers = await startWorkers({ connection: nativeConnection, namespace, activities, graceMs: 500 });
  try {
    const waiting = [...played];
    // Each to its end: one that fails must not have the server taken away from the others.
    const plays = await Promise.allSettled(Array.from({ length: AT_ONCE }, () => playAll(client, waiting, worlds)));
    for (const one of plays) if (one.status === 'rejected') throw one.reason;
    await waitUntil(() => assertQuiet(client));
    return await collect(client);
  } finally {
    workers.shutdown();
    await workers.done;
  }
}

async function playAll(client: Client, waiting: Scenario[], worlds: Map<string, ReturnType<Scenario['world']>>) {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { name, play } = next;
    const world = worlds.get(name);
    if (world === undefined) throw new RangeError(`no world of ${name}`);
    const began = Date.now();
    try {
      await play(createStage(client, name, world));
    } catch (cause) {
      throw new Error(`the scenario ${name} went another way`, { cause });
    }
    process.stdout.write(`played ${name} in ${((Date.now() - began) / 1_000).toFixed(1)} s\n`);
  }
}

async function runs(client: Client, query?: string): Promise<WorkflowExecutionInfo[]> {
  const all: WorkflowExecutionInfo[] = [];
  for await (const run of client.workflow.list(query === undefined ? {} : { query })) all.push(run);
  return all;
}

/** What is still under way waits: settlers for their next look, and guards of runs that were reset for nobody. */
async function assertQuiet(client: Client): Promise<void> {
  for (const { workflowId, type } of await runs(client, `ExecutionStatus = 'Running'`)) {
    if (type === workflowNames.guard) continue;
    const isSettler = type === workflowNames.settle;
    const phase = isSettler ? (await client.workflow.getHandle(workflowId).query<SettleStatus>('status')).phase : '';
    if (phase !== 'waiting' && phase !== 'needs-person') throw new Error(`${workflowId} is still under way ${phase}`);
  }
}

/** Of each scenario its rollouts, and of all else that took the same path the first. */
async function collect(client: Client): Promise<RecordedHistory[]> {
  const all = (await runs(client)).toSorted((a, b) => a.startTime.getTime() - b.startTime.getTime());
  const paths = new Set<string>();
  const recorded: RecordedHistory[] = [];
  for (const { name } of played) {
    const counts: Record<string, number> = {};
    for (const { workflowId, runId, type } of all.filter((run) => run.workflowId.includes(name))) {
      const count = (counts[type] = (counts[type] ?? 0) + 1);
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      const json = neutral(JSON.parse(historyToJSON(history)));
      const path = `${type} ${pathOf(json)}`;
      const isOwn = type === workflowNames.rollout && count === 1;
      if (!isOwn && paths.has(path)) continue;
      paths.add(path);
      recorded.push({ name: `${name}/${type}/${count}`, workflowId, history: json });
    }
  }
  return recorded;
}

/** What was recorded of scenarios that were not played now. */
function keptOfOthers(): RecordedHistory[] {
  const kept = readHistories(UNRELEASED);
  return kept.filter(({ name: of = '' }) => !played.some(({ name }) => of.startsWith(`${name}/`)));
}

async function save(recorded: readonly RecordedHistory[]): Promise<void> {
  const dir = new URL(`${UNRELEASED}/`, historiesDir);
  await rm(dir, { recursive: true, force: true });
  await mkdir(dir, { recursive: true });
  const typeOf = ({ name = '' }: RecordedHistory): string => name.split('/')[1] ?? '';
  for (const type of new Set(recorded.map(typeOf))) {
    const lines = recorded.filter((one) => typeOf(one) === type).map((one) => `${JSON.stringify(one)}\n`);
    await writeFile(new URL(`${type}.jsonl`, dir), lines.join(''));
    process.stdout.write(`${type}: ${lines.length} histories, ${Math.round(lines.join('').length / 1_000)} kB\n`);
  }
}

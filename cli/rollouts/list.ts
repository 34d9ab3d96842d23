/** `tidegate rollout list`: what runs, what waits and why, and what has run. */
import type { Client } from '@temporalio/client';
import { messageNames, workflowNames } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import type { RolloutStatus } from '../../core/rollout/machine/status.ts';
import { standText } from '../../core/rollout/running.ts';
import { waitingText } from '../../core/view/waiting-text.ts';
import { instantText } from '../../core/values/instant.ts';
import { asked, askWaiting } from './waiting.ts';

export interface RolloutRow {
  readonly service: string;
  readonly id: string;
  readonly runId: string;
  readonly state: string;
  readonly version: string;
  readonly started: string;
  /** Of what is under way: what it does now, or why it waits; '' = it has ended, or does not answer. */
  readonly now: string;
}

/** What waits comes first, then the newest rollouts. */
export async function listRollouts(client: Client, installation: string, limit: number): Promise<RolloutRow[]> {
  const [waiting, runs] = await Promise.all([
    listWaiting(client, { installation, limit }),
    listRuns(client, { installation, limit }),
  ]);
  return [...waiting, ...runs].slice(0, limit);
}

interface Listed {
  readonly installation: string;
  readonly limit: number;
}

const queryOf = (type: string, installation: string): string =>
  `WorkflowType = '${type}' AND TaskQueue = '${taskQueue(installation, 'control')}'`;

async function listRuns(client: Client, { installation, limit }: Listed): Promise<RolloutRow[]> {
  const rows: Promise<RolloutRow>[] = [];
  for await (const run of client.workflow.list({ query: queryOf(workflowNames.rollout, installation) })) {
    const attribute = (name: string): string => {
      const values = (run.searchAttributes as Record<string, readonly unknown[] | undefined>)[name];
      return typeof values?.[0] === 'string' ? values[0] : '';
    };
    const { workflowId: id, runId, status } = run;
    const told = attribute('MeshState');
    const ended = status.name === 'TERMINATED' ? 'terminated' : told || status.name.toLowerCase();
    const row = {
      ...{ service: attribute('MeshService'), id, runId, state: ended },
      ...{ version: attribute('MeshVersion'), started: instantText(run.startTime.getTime()), now: '' },
    };
    rows.push(status.name === 'RUNNING' ? runningRow(client, { ...row, state: told }) : Promise.resolve(row));
    if (rows.length >= limit) break;
  }
  return Promise.all(rows);
}

/** As it says of itself: the attributes tell of milestones only. */
async function runningRow(client: Client, row: RolloutRow): Promise<RolloutRow> {
  const said = await asked<RolloutStatus>(client, { workflowId: row.id, runId: row.runId }, messageNames.status);
  return said === null ? row : { ...row, state: said.outcome ?? said.phase, now: standText(said) };
}

async function listWaiting(client: Client, { installation, limit }: Listed): Promise<RolloutRow[]> {
  const rows: Promise<RolloutRow[]>[] = [];
  const query = `${queryOf(workflowNames.next, installation)} AND ExecutionStatus = 'Running'`;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    rows.push(waitingRow(client, { workflowId, runId }));
    if (rows.length >= limit) break;
  }
  return (await Promise.all(rows)).flat();
}

async function waitingRow(client: Client, run: { workflowId: string; runId: string }): Promise<RolloutRow[]> {
  const status = await askWaiting(client, run);
  const one = status?.waits ?? status?.turn ?? null;
  const bare = { id: run.workflowId, runId: run.runId, service: '', version: '', started: '' };
  if (status === null)
    return [{ ...bare, state: 'waiting', now: 'it does not answer: is a worker (tidegate worker) up?' }];
  // It has just ended.
  if (one === null) return [];
  const { change, sinceMs } = one;
  const version = 'version' in change ? (change.version ?? '') : '';
  const state = status.turn === null ? 'waiting' : 'starting';
  return [
    {
      ...{ ...bare, service: status.service, version, state, started: instantText(sinceMs) },
      now: waitingText(one, status),
    },
  ];
}

export const rowsText = (rows: readonly RolloutRow[]): string =>
  [{ service: 'SERVICE', version: 'VERSION', state: 'STATE', started: 'STARTED', id: 'ID', now: '' }, ...rows]
    .flatMap(({ service, version, state, started, id, now }) => [
      [service.padEnd(24), version.padEnd(12), state.padEnd(14), started.padEnd(22), id].join(' '),
      ...(now === '' ? [] : [`  ${now}`]),
    ])
    .join('\n')
    .concat('\n');

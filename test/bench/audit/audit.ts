/** What it costs to look after services that are settled: the audit's actions at Temporal and its calls of an API server. */
import diagnostics from 'node:diagnostics_channel';
import { randomUUID } from 'node:crypto';
import { taskQueue } from '../../../core/contract/queues.ts';
import { workflowNames, type AuditResult } from '../../../core/contract/messages.ts';
import { AUDIT_EVERY_MS } from '../../../platform/temporal/audit-schedule.ts';
import { createActivities } from '../../../worker/activities.ts';
import { bundleWorkflows, startWorkers } from '../../../worker/workers.ts';
import { startApiServers } from '../../support/api-server.ts';
import { startTemporal, type TestTemporal } from '../../support/temporal-server.ts';
import type { Bench, BenchContext, Measure } from '../bench.ts';
import { makeSettled } from './settled-services.ts';
import { DEFAULT_INSTALLATION } from '../../../core/contract/installation.ts';

const services = 500;
/** All services of a team together; and, as the worst that there is, each in a namespace of its own. */
const layouts = [10, 500];
const auditsADay = (24 * 60 * 60_000) / AUDIT_EVERY_MS;
/** Temporal Cloud bills the start that a schedule makes, and two for the schedule itself. */
const actionsOfStart = 3;

interface Audit {
  readonly actions: number;
  readonly requests: number;
  readonly ms: number;
}

export const auditBench: Bench = {
  name: 'audit',
  about: `${String(services)} settled services: actions at Temporal and calls of an API server, a day and service`,
  repeats: 5,
  async run(context) {
    const measures: Measure[] = [];
    for (const namespaces of layouts) measures.push(...measuresOf(namespaces, await audits(namespaces, context)));
    return {
      title: 'Looking after settled services',
      settings: {
        services: `${String(services)}, adopted and settled, in ${layouts.join(' and in ')} namespaces`,
        cluster: 'one kube-apiserver with its etcd, on this machine',
        audits: `every ${String(AUDIT_EVERY_MS / 60_000)} minutes, ${String(auditsADay)} a day`,
      },
      measures,
      notes: [
        'The workflow `audit` with its real activities, on a Temporal dev server. Actions are counted in the histories of the audit: 3 for a start by the schedule, 1 for each activity, timer, signal and upsert, 2 for each child. A settled service starts no settler, so there is no other history.',
        'Requests are the HTTP requests that the process really sends to the API server, as undici reports them. Clusters are asked side by side: with N clusters it is that many requests of each.',
        'What a rollout leaves (its settler, warm times) is not in it, and neither is the poll of a worker, which is no action.',
      ],
    };
  },
};

async function audits(namespaces: number, { repeats, report, signal }: BenchContext): Promise<Audit[]> {
  const servers = await startApiServers(['here']);
  const temporal = await startTemporal();
  const [cluster] = Object.values(servers.clusters);
  if (cluster === undefined) throw new Error('no API server');
  report(`making ${String(services)} services in ${String(namespaces)} namespaces`);
  const directory = await makeSettled(servers, cluster, { services, namespaces, prefix: `team${String(namespaces)}` });
  const world = createActivities({ directory, env: {} });
  const place = { connection: temporal.env.nativeConnection, namespace: temporal.env.namespace ?? 'default' };
  const workers = await startWorkers({
    ...place,
    activities: world.activities,
    workflowBundle: await bundleWorkflows(),
    graceMs: 500,
  });
  try {
    const found: Audit[] = [];
    for (let i = 1; i <= repeats; i++) {
      signal.throwIfAborted();
      report(`${String(namespaces)} namespaces: audit ${String(i)} of ${String(repeats)}`);
      found.push(await oneAudit(temporal, cluster.server));
    }
    return found;
  } finally {
    workers.shutdown();
    await workers.done;
    await world.close();
    await temporal.stop();
    await servers.stop();
  }
}

async function oneAudit({ env }: TestTemporal, server: string): Promise<Audit> {
  const startedAt = performance.now();
  const counted = countRequests(server);
  const handle = await env.client.workflow.start(workflowNames.audit, {
    ...{
      workflowId: `audit:bench/${randomUUID()}`,
      taskQueue: taskQueue(DEFAULT_INSTALLATION, 'control'),
      args: [{ mesh: 'shop' }],
    },
  });
  const { services: looked, unsettled } = (await handle.result()) as AuditResult;
  const requests = counted();
  if (looked !== services || unsettled.length > 0)
    throw new Error(`${String(looked)} services, not settled: ${JSON.stringify(unsettled.slice(0, 3))}`);
  const { events } = await handle.fetchHistory();
  const actions = (events ?? []).reduce((sum, event) => sum + actionsOf(event as Readonly<Record<string, unknown>>), 0);
  return { actions, requests, ms: performance.now() - startedAt };
}

/** By the attributes that an event has. Attempts after the first of an activity are in the start of its last. */
function actionsOf(event: Readonly<Record<string, unknown>>): number {
  const has = (name: string): boolean =>
    event[`${name}EventAttributes`] !== undefined && event[`${name}EventAttributes`] !== null;
  if (has('workflowExecutionStarted')) return actionsOfStart;
  if (has('startChildWorkflowExecutionInitiated')) return 2;
  const started = event['activityTaskStartedEventAttributes'] as { readonly attempt?: number } | null | undefined;
  if (started) return started.attempt ?? 1;
  const single = ['timerStarted', 'upsertWorkflowSearchAttributes', 'signalExternalWorkflowExecutionInitiated'];
  return single.some(has) ? 1 : 0;
}

interface RequestMessage {
  readonly request: { readonly origin?: string | URL };
}

/** Call the answer to end it: how many requests this process has sent to the server meanwhile. */
function countRequests(server: string): () => number {
  let count = 0;
  const origin = new URL(server).origin;
  const listen = (message: unknown): void => {
    const { request } = message as RequestMessage;
    if (String(request.origin).startsWith(origin)) count += 1;
  };
  diagnostics.subscribe('undici:request:create', listen);
  return () => {
    diagnostics.unsubscribe('undici:request:create', listen);
    return count;
  };
}

function measuresOf(namespaces: number, found: readonly Audit[]): Measure[] {
  const of = `${String(namespaces)} namespaces`;
  const aDay = (pick: (one: Audit) => number): number[] => found.map((one) => (pick(one) * auditsADay) / services);
  return [
    { what: `${of}: actions of one audit`, unit: '', values: found.map(({ actions }) => actions) },
    {
      ...{ what: `${of}: actions a day and service`, unit: '', values: aDay(({ actions }) => actions) },
      bound: { of: 'every', atMost: 50 },
    },
    { what: `${of}: requests to the API server of one audit`, unit: '', values: found.map(({ requests }) => requests) },
    { what: `${of}: requests a day and service`, unit: '', values: aDay(({ requests }) => requests) },
    { what: `${of}: one audit takes`, unit: 'ms', values: found.map(({ ms }) => ms) },
  ];
}

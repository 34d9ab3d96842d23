/** Temporal: reach, the search attributes that rollouts set, and a worker on each task queue. */
import type { Client } from '@temporalio/client';
import { installationIn } from '../../core/contract/installation.ts';
import { queues, taskQueue } from '../../core/contract/queues.ts';
import { POLLED_WITHIN_MS } from '../../core/rollout/builds.ts';
import { searchAttributes } from '../../workflows/search-attributes.ts';
import { connectTemporal, type Env, type TemporalAccess } from '../../platform/temporal/connect.ts';
import { readPollers } from '../../platform/temporal/workers.ts';
import type { Io } from '../io.ts';
import { buildChecks } from './build-checks.ts';
import type { CheckGroup, Finding, Observation } from './check.ts';

/** Numbers of temporal.api.enums.v1.IndexedValueType, and how the Temporal CLI calls them. */
const types = {
  KEYWORD: { number: 2, cli: 'Keyword' },
  INT: { number: 3, cli: 'Int' },
  BOOL: { number: 5, cli: 'Bool' },
  KEYWORD_LIST: { number: 7, cli: 'KeywordList' },
} as const;

export interface TemporalPort {
  /** Connects once; every later call gives the same. */
  access(): Promise<TemporalAccess>;
  close(): Promise<void>;
}

export function createTemporalPort(env: Env): TemporalPort {
  let pending: Promise<TemporalAccess> | undefined;
  return {
    access: () => {
      pending ??= connectTemporal(env).catch((error: unknown) => {
        pending = undefined;
        throw error;
      });
      return pending;
    },
    close: async () => (await pending?.catch(() => undefined))?.close(),
  };
}

export function temporalChecks(port: TemporalPort, { env, now }: Pick<Io, 'env' | 'now'>): CheckGroup {
  const installation = installationIn(env);
  const client = async (): Promise<Client> => (await port.access()).client;
  return {
    title: 'Temporal',
    checks: [
      {
        description: 'the server answers',
        severity: 'error',
        hint: 'check TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, and that the namespace exists',
        retries: 1,
        gates: true,
        look: async () => lookAtNamespace(await client()),
      },
      {
        description: 'search attributes are registered',
        severity: 'error',
        hint: 'see docs/how-to/point-at-your-clusters.md',
        retries: 1,
        look: async () => lookAtAttributes(await client()),
      },
      {
        description: 'a worker polls each task queue',
        severity: 'error',
        hint: 'start one: tidegate worker',
        retries: 1,
        look: async () => lookAtQueues(await client(), installation, now()),
      },
      ...buildChecks({ client, installation, now }),
    ],
  };
}

async function lookAtNamespace({ connection, options, workflowService }: Client): Promise<Observation> {
  const { namespace } = options;
  await workflowService.describeNamespace({ namespace });
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  return { note: `server ${serverVersion ?? 'unknown'}, namespace ${namespace}`, findings: [] };
}

async function lookAtAttributes({ connection, options }: Client): Promise<Observation> {
  const { namespace } = options;
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return { note: '', findings: attributeFindings(namespace, customAttributes ?? {}) };
}

/** `registered`: number of the type by name, as the server tells. */
export function attributeFindings(namespace: string, registered: Readonly<Record<string, number>>): Finding[] {
  const create = (name: string, type: string): string =>
    `temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type}`;
  return Object.values(searchAttributes).flatMap(({ name, type }): Finding[] => {
    const wanted = types[type];
    const found = registered[name];
    if (found === wanted.number) return [];
    if (found === undefined) {
      const text = `namespace ${namespace}: search attribute ${name} is missing: rollouts would not start`;
      return [{ severity: 'error', text, fix: `${create(name, wanted.cli)} (a worker does it too, when it may)` }];
    }
    const text = `namespace ${namespace}: search attribute ${name} has another type than ${wanted.cli}`;
    return [{ severity: 'error', text, fix: `remove it, then: ${create(name, wanted.cli)}` }];
  });
}

async function lookAtQueues(client: Client, installation: string, nowMs: number): Promise<Observation> {
  const live = (await readPollers(client, installation)).filter(({ atMs }) => nowMs - atMs < POLLED_WITHIN_MS);
  const counted = queues.map((queue) => {
    const name = taskQueue(installation, queue);
    return [name, live.filter((one) => one.queue === name).length] as const;
  });
  return { note: '', findings: queueFindings(client.options.namespace, Object.fromEntries(counted)) };
}

/** `pollers`: how many ask for work, by task queue. */
export const queueFindings = (namespace: string, pollers: Readonly<Record<string, number>>): Finding[] =>
  Object.entries(pollers)
    .filter(([, count]) => count === 0)
    .map(([name]) => ({
      severity: 'error',
      text: `namespace ${namespace}: no worker polls ${name}${name.endsWith('-restore') ? ': a breach could not be taken back' : ''}`,
      fix: 'start one: tidegate worker --config DIR',
    }));

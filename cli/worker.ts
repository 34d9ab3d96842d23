/** `tidegate worker`: wires ports, activities and workers; runs until it is told to stop. */
import { DefaultLogger, NativeConnection, Runtime, type LogEntry } from '@temporalio/worker';
import { createApplyActivities } from '../activities/apply-activities.ts';
import { createRestoreActivities } from '../activities/restore-activities.ts';
import { systemClock, temporalActivity } from '../activities/ports.ts';
import { createVerifyActivities } from '../activities/verify-routing.ts';
import { createWatchActivities } from '../activities/watch-slo.ts';
import { createMeasureActivities } from '../activities/measure-traffic.ts';
import { createProbeActivities } from '../activities/probe-slos.ts';
import { createRunActivities } from '../activities/find-run.ts';
import { withFailures } from '../activities/failures.ts';
import type { RolloutActivities } from '../core/contract/activities.ts';
import { TidegateError } from '../core/contract/errors.ts';
import { searchAttributes } from '../core/contract/search-attributes.ts';
import { createConfigLoader } from '../platform/config/load.ts';
import { createClusters } from '../platform/kube/clusters.ts';
import { createMetricsClients } from '../platform/metrics/clients.ts';
import type { MetricsSource } from '../platform/metrics/source.ts';
import { exitCodes, type Io } from './io.ts';
import { startReceiver, type ReceiverOptions } from './otlp-receiver.ts';
import { temporalConfig, unreachable, type Env } from './temporal.ts';
import { startWorkers } from './workers.ts';

export interface WorkerOptions extends ReceiverOptions {
  config?: string;
}

export async function workerCommand(options: WorkerOptions, io: Io): Promise<number> {
  const directory = options.config ?? io.env['TIDEGATE_CONFIG'];
  if (directory === undefined) {
    throw new TidegateError('Invalid', 'the worker does not know its config', {
      fix: 'give --config DIR or set TIDEGATE_CONFIG',
    });
  }
  Runtime.install({ logger: new DefaultLogger('WARN', logEntry(io)) });
  const { connectionOptions, namespace } = temporalConfig(io.env);
  const connection = await NativeConnection.connect(connectionOptions).catch((cause: unknown) =>
    Promise.reject(unreachable(connectionOptions.address, cause)),
  );
  const receiver = await startReceiver(options, io).catch(async (error: unknown) => {
    await connection.close();
    throw error;
  });
  const ports = createPorts(directory, io.env, receiver?.source);
  try {
    await registerSearchAttributes(connection, namespace);
    const workers = await startWorkers({ connection, namespace, activities: ports.activities });
    io.stderr(`worker ready: ${connectionOptions.address}, namespace ${namespace}, config ${directory}\n`);
    if (io.signal.aborted) workers.shutdown();
    io.signal.addEventListener('abort', () => workers.shutdown(), { once: true });
    await workers.done;
    return exitCodes.ok;
  } finally {
    await ports.close();
    await receiver?.close();
    await connection.close();
  }
}

/** Warnings and errors as lines on stderr. A queue with activities only, or workflows only, is how it shall be. */
const logEntry =
  (io: Io) =>
  ({ level, message, meta }: LogEntry): void => {
    if (/^No (activities|workflows) registered/.test(message)) return;
    const error = meta?.['error'] instanceof Error ? `: ${meta['error'].message}` : '';
    const id = typeof meta?.['workflowId'] === 'string' ? ` ${meta['workflowId']}` : '';
    io.stderr(`${new Date().toISOString()} ${level}${id} ${message}${error}\n`);
  };

interface Ports {
  readonly activities: RolloutActivities;
  close(): Promise<void>;
}

/** `otlp`: what this worker receives itself; left out, meshes that count on it are refused. */
export function createPorts(directory: string, env: Env, otlp?: MetricsSource): Ports {
  const clusters = createClusters();
  const config = createConfigLoader({ directory });
  const kube = { clusters, clock: systemClock, activity: temporalActivity };
  const now = (): number => Date.now();
  const metrics = createMetricsClients({ env, now, ...(otlp === undefined ? {} : { otlp }) });
  const activities: RolloutActivities = {
    ...createApplyActivities({ ...kube, config }),
    ...createRestoreActivities(kube),
    ...createVerifyActivities({ connectMetrics: (ref) => metrics.connect(ref), now }),
    ...createWatchActivities({ connectMetrics: (ref) => metrics.connect(ref), now }),
    ...createMeasureActivities({ connectMetrics: (ref) => metrics.connect(ref), now }),
    ...createProbeActivities({ connectMetrics: (ref) => metrics.connect(ref), now }),
    ...createRunActivities(),
  };
  return {
    activities: withFailures(activities),
    close: async () => {
      await clusters.close();
      await metrics.close();
    },
  };
}

/** A workflow that sets an unregistered attribute fails its tasks for ever, so they are made sure of first. */
async function registerSearchAttributes(connection: NativeConnection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = Object.values(searchAttributes)
    .map(({ name }) => name as string)
    .filter((name) => !(name in (customAttributes ?? {})));
  if (missing.length === 0) return;
  const types = { KEYWORD: 2, INT: 3, BOOL: 5, KEYWORD_LIST: 7 } as const;
  await connection.operatorService
    .addSearchAttributes({
      namespace,
      searchAttributes: Object.fromEntries(
        Object.values(searchAttributes)
          .filter(({ name }) => missing.includes(name))
          .map(({ name, type }) => [name, types[type]]),
      ),
    })
    .catch((cause: unknown) => {
      const list = missing.map((name) => `--name ${name}`).join(' ');
      throw new TidegateError(
        'Forbidden',
        `search attributes are missing in namespace ${namespace}: ${missing.join(', ')}`,
        {
          cause,
          fix: `an administrator adds them: temporal operator search-attribute create ${list} (types in docs)`,
        },
      );
    });
}

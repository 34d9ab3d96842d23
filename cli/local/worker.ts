/** `tidegate worker`: wires ports, activities and workers; runs until it is told to stop. */
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, type LogEntry } from '@temporalio/worker';
import { installationIn } from '../../core/contract/installation.ts';
import { workflowNames } from '../../core/contract/messages.ts';
import { asBuildId } from '../../core/contract/worker-deployment.ts';
import { runEnded } from '../../core/rollout/outcome.ts';
import { refuse } from '../../core/values/error.ts';
import { exitCodes, type Io } from '../io.ts';
import { startReceiver, type ReceiverOptions } from '../../worker/otlp-receiver.ts';
import { createConfigLoader } from '../../platform/config/load.ts';
import { ensureAudit } from '../../platform/temporal/audit-schedule.ts';
import { temporalConfig, unreachable } from '../../platform/temporal/connect.ts';
import { ensureWatch } from '../../platform/temporal/watch-schedule.ts';
import { lookOutForLostAttempts } from '../../platform/temporal/lost-attempts.ts';
import { createActivities } from '../../worker/activities.ts';
import { registerSearchAttributes } from '../../worker/search-attributes.ts';
import { present } from '../../core/values/json.ts';
import { startWorkers } from '../../worker/workers.ts';

export interface WorkerOptions extends ReceiverOptions {
  config?: string;
  buildId?: string;
}

export async function workerCommand(options: WorkerOptions, io: Io): Promise<number> {
  const directory = options.config ?? io.env['TIDEGATE_CONFIG'];
  if (directory === undefined) {
    refuse(
      'Invalid',
      'the worker does not know its config',
      'give --config DIR (or --config hub:…, a cluster that holds it), or set TIDEGATE_CONFIG',
    );
  }
  const buildId = buildIdOf(options, io);
  Runtime.install({ logger: new DefaultLogger('INFO', logEntry(io)) });
  const installation = installationIn(io.env);
  const { connectionOptions, namespace } = temporalConfig(io.env);
  const connection = await NativeConnection.connect(connectionOptions).catch((cause: unknown) =>
    Promise.reject(unreachable(connectionOptions.address, cause)),
  );
  const receiver = await startReceiver(options, io).catch(async (error: unknown) => {
    await connection.close();
    throw error;
  });
  const warn = (what: string): void => io.stderr(`${new Date(io.now()).toISOString()} WARN ${what}\n`);
  const ports = createActivities({ directory, env: io.env, warn, ...present({ otlp: receiver?.source }) });
  const client = new Client({ connection, namespace });
  // What died with a worker of this host begins anew while this one gets ready.
  const lookout = lookOutForLostAttempts({ client, installation, report: (line) => io.stderr(line) });
  try {
    await registerSearchAttributes(connection, namespace);
    const given = { connection, namespace, installation, activities: ports.activities, ...present({ buildId }) };
    // A way back may wait for this worker: what is said of the config, and the audit, hold it up no longer.
    const [workers] = await Promise.all([
      startWorkers(given),
      sayFaults(ports, io),
      audited({ directory, io, schedules: client.schedule }),
    ]);
    const build = buildId === undefined ? '' : `, build ${buildId} (new runs: tidegate worker promote ${buildId})`;
    io.stderr(
      `worker ready: ${connectionOptions.address}, namespace ${namespace}, installation ${installation}, config ${directory}${build}\n`,
    );
    if (io.signal.aborted) workers.shutdown();
    io.signal.addEventListener('abort', () => workers.shutdown(), { once: true });
    await workers.done;
    return exitCodes.ok;
  } finally {
    await lookout.stop();
    await ports.close();
    await receiver?.close();
    await connection.close();
  }
}

async function sayFaults(ports: Pick<ReturnType<typeof createActivities>, 'configFaults'>, io: Io): Promise<void> {
  const [fault] = await ports.configFaults();
  if (fault === undefined) return;
  const at = new Date(io.now()).toISOString();
  io.stderr(`${at} WARN the config has faults: ${fault}; changes are refused, ways back go on\n`);
}

/** undefined: these workers are not versioned. */
function buildIdOf({ buildId }: WorkerOptions, io: Io): string | undefined {
  const text = buildId ?? io.env['TIDEGATE_BUILD_ID'] ?? '';
  return text === '' ? undefined : asBuildId(text);
}

interface Audited {
  readonly directory: string;
  readonly io: Io;
  readonly schedules: Client['schedule'];
}

/** The mesh of the config is audited from now on. A worker that cannot see to that works all the same. */
async function audited({ directory, io, schedules }: Audited): Promise<void> {
  try {
    const { name: mesh, failover = 'off' } = await createConfigLoader({ directory }).loadMesh();
    const installation = installationIn(io.env);
    if ((await ensureAudit(schedules, { mesh, installation })) === 'created')
      io.stderr(`mesh ${mesh} is audited every half hour\n`);
    if ((await ensureWatch(schedules, { mesh, installation, failover })) === 'created')
      io.stderr(`mesh ${mesh} is watched for lost clusters (failover: ${failover})\n`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    io.stderr(`no audit is scheduled (tidegate audit --schedule --mesh NAME does it): ${why}\n`);
  }
}

/** Warnings and errors as lines on stderr, and the end of every run with its data as JSON. */
export const logEntry =
  (io: Pick<Io, 'stderr'>) =>
  ({ level, message, meta }: Pick<LogEntry, 'level' | 'message' | 'meta'>): void => {
    const isEnd = message === runEnded;
    if (isExpected(message, meta) || (level === 'INFO' && !isEnd)) return;
    const end = isEnd ? ` ${JSON.stringify(meta?.['end'])}` : '';
    const error = meta?.['error'] instanceof Error ? `: ${meta['error'].message}` : '';
    const id = typeof meta?.['workflowId'] === 'string' ? ` ${meta['workflowId']}` : '';
    io.stderr(`${new Date().toISOString()} ${level}${id} ${message}${error}${end}\n`);
  };

/**
 * A queue with activities only, or workflows only, is how it shall be. A start that fails is an answer to whoever asked; one
 * that fails for another reason says so itself. The SDK knows neither, and warns of every workflow that fails.
 */
const isExpected = (message: string, meta: LogEntry['meta']): boolean =>
  /^No (activities|workflows) registered/.test(message) ||
  (message === 'Workflow failed' && meta?.['workflowType'] === workflowNames.startRollout);

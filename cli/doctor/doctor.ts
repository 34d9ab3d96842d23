/** `tidegate doctor`: could a rollout work as things are? Reads only; each finding comes with its fix. */
import { TidegateError, refuse } from '../../core/values/error.ts';
import { createConfigLoader } from '../../platform/config/load.ts';
import { createClusters } from '../../platform/kube/clusters.ts';
import { createMetricsClients } from '../../platform/metrics/clients.ts';
import { hasError, runGroups, type CheckResult } from './check.ts';
import { clusterChecks } from './cluster-checks.ts';
import { metricsChecks, type MetricsPort } from './metrics-checks.ts';
import { serviceChecks } from './service-checks.ts';
import type { MeshServices } from '../../platform/config/load.ts';
import { scopeOf, type ScopeQuery } from './services.ts';
import { createTemporalPort, temporalChecks } from './temporal-checks.ts';
import { exitCodes, type Io } from '../io.ts';

/** Of one call to an API server, ms: a person waits, and a healthy one answers in milliseconds. */
const DEADLINE_MS = 5_000;

/** Exit code: 0 no error found, 1 an error found, 2 the config is wrong. */
export async function doctorCommand(options: ScopeQuery, io: Io): Promise<number> {
  const directory = io.env['TIDEGATE_CONFIG'];
  if (directory === undefined) {
    refuse('Invalid', 'there is no config to look at', 'set TIDEGATE_CONFIG to the config directory');
  }
  const scope = await scopeOf(createConfigLoader({ directory }), options);
  io.stdout(configText(scope, directory));
  const results = await examine(scope, io);
  io.stdout(summaryText(results));
  return hasError(results) ? exitCodes.error : exitCodes.ok;
}

async function examine({ mesh, services }: MeshServices, io: Io): Promise<readonly CheckResult[]> {
  const clusters = createClusters({ deadlineMs: DEADLINE_MS });
  const temporal = createTemporalPort(io.env);
  const clients = createMetricsClients({ env: io.env, now: io.now });
  const using = services.map(({ service }) => service);
  const { metrics } = mesh;
  const port: MetricsPort = {
    connect: () => {
      if (metrics === null) throw new TidegateError('Invalid', `mesh ${mesh.name} names no metrics backend`);
      return clients.connect(metrics);
    },
    now: io.now,
  };
  try {
    const places = await runGroups(
      [
        ...mesh.clusters.map((cluster) => clusterChecks({ clusters, cluster, services: using, now: io.now })),
        temporalChecks(temporal, io),
        metricsChecks(port, mesh),
      ],
      io,
    );
    // What does not answer was said once above; it is not asked again for every service.
    const answers = metrics !== null && metrics.kind !== 'otlp' && (await isAnswering(port, io.signal));
    const ports = { clusters, temporal, metrics: answers ? port : null, signal: io.signal };
    const looked = await runGroups(
      services.map((config) => serviceChecks(ports, config)),
      io,
    );
    return [...places, ...looked];
  } finally {
    await Promise.all([clusters.close(), temporal.close(), clients.close()]);
  }
}

async function isAnswering(port: MetricsPort, signal: AbortSignal): Promise<boolean> {
  try {
    await port.connect().clockOffsetMs(signal);
    return true;
  } catch {
    return false;
  }
}

function configText({ mesh, services }: MeshServices, directory: string): string {
  const names = services.map(({ service }) => `${service.namespace}/${service.name}`).join(', ');
  return `config\n  ✓ ${directory}: mesh ${mesh.name}, ${mesh.clusters.length} clusters; ${names || 'no services'}\n`;
}

export function summaryText(results: readonly CheckResult[]): string {
  const findings = results.flatMap((result) => result.findings);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.length - errors;
  const counted = (count: number, word: string): string => `${count} ${word}${count === 1 ? '' : 's'}`;
  return `\n${counted(results.length, 'check')}: ${counted(errors, 'error')}, ${counted(warnings, 'warning')}. Nothing was changed.\n`;
}

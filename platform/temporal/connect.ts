/** The connection to Temporal: envconfig's profiles and TEMPORAL_* variables, the same as Temporal's own CLI reads. */
import { Client, Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { TidegateError } from '../../core/values/error.ts';

export type Env = Readonly<Record<string, string | undefined>>;

export interface TemporalAccess {
  readonly client: Client;
  readonly close: () => Promise<void>;
}

/** Options for a client's or a worker's connection, with the address and namespace that hold when nothing is set. */
export function temporalConfig(env: Env) {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const { connectionOptions, namespace } = loadClientConnectConfig({ overrideEnvVars });
  return {
    connectionOptions: { ...connectionOptions, address: connectionOptions.address ?? '127.0.0.1:7233' },
    namespace: namespace ?? 'default',
  };
}

export function unreachable(address: string, cause: unknown): TidegateError {
  return new TidegateError('Unavailable', `Temporal at ${address} cannot be reached`, {
    cause,
    fix: 'set TEMPORAL_ADDRESS (and TEMPORAL_NAMESPACE), or start a lab: tidegate lab up',
  });
}

export async function connectTemporal(env: Env): Promise<TemporalAccess> {
  const { connectionOptions, namespace } = temporalConfig(env);
  try {
    const connection = await Connection.connect({ ...connectionOptions, connectTimeout: '5s' });
    return { client: new Client({ connection, namespace }), close: () => connection.close() };
  } catch (cause) {
    throw unreachable(connectionOptions.address, cause);
  }
}

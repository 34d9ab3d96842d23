/** The front door of a process, whoever hosts it: ports, senders, metrics and the application. */
import { installationIn } from '../core/contract/installation.ts';
import { createFrontDoorConfig } from '../platform/config/front-door.ts';
import { connectFrontDoor } from '../platform/temporal/front-door.ts';
import { lookAtRun, steerRun } from '../platform/temporal/steer.ts';
import { createSecretReader } from '../platform/secrets.ts';
import { createApp, type FrontDoorApp } from './app.ts';
import { createApprovals } from './approvals/approvals.ts';
import type { FrontDoorConfig, Log } from './deps.ts';
import { createMetrics } from './metrics/front-door.ts';
import { senders } from './senders/index.ts';
import { createSenderTools } from './senders/tools.ts';

export interface FrontDoorOptions {
  /** Of config. */
  readonly directory: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  /** ms since the epoch. */
  readonly now: () => number;
}

export interface FrontDoor extends FrontDoorApp {
  /** As it is now. @throws TidegateError */
  readonly config: () => Promise<FrontDoorConfig>;
  close(): Promise<void>;
}

export function createFrontDoor({ directory, env, log, now }: FrontDoorOptions): FrontDoor {
  const installation = installationIn(env);
  const temporal = connectFrontDoor({ env, installation });
  const config = createFrontDoorConfig({ directory, now });
  const readSecrets = createSecretReader(env);
  const app = createApp({
    ...{ config, temporal, senders, log, now },
    tools: createSenderTools({ env, now, warn: (what) => log.warn({}, what) }),
    metrics: createMetrics(),
    approvals: createApprovals({
      keys: async () => {
        const { approvalKeys } = await config();
        return approvalKeys.length === 0 ? [] : readSecrets(approvalKeys);
      },
      look: (of) => lookAtRun(temporal.client, of),
      steer: (steering) => steerRun(temporal.client, steering),
      nowMs: now,
      warn: (what, error) => log.warn({ error: error instanceof Error ? error.message : String(error) }, what),
    }),
  });
  return { ...app, config, close: () => temporal.close() };
}

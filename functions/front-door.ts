/** The front door of a process, whoever hosts it: ports, senders, metrics and the application. */
import { installationIn } from '../core/contract/installation.ts';
import { createFrontDoorConfig } from '../platform/config/front-door.ts';
import { connectFrontDoor } from '../platform/temporal/front-door.ts';
import { createApp, type FrontDoorApp } from './app.ts';
import type { Log } from './deps.ts';
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
  close(): Promise<void>;
}

export function createFrontDoor({ directory, env, log, now }: FrontDoorOptions): FrontDoor {
  const installation = installationIn(env);
  const temporal = connectFrontDoor({ env, installation });
  const config = createFrontDoorConfig({ directory, installation, now });
  const app = createApp({
    ...{ config, temporal, senders, log, now },
    tools: createSenderTools(env),
    metrics: createMetrics(),
  });
  return { fetch: (request) => app.fetch(request), close: () => temporal.close() };
}

/** The OTLP receiver of a worker: from options and environment to a listening one. */
import { refuse } from '../core/values/error.ts';
import { isLoopback } from '../core/values/loopback.ts';
import { parseListenAddress } from '../platform/http/listen-address.ts';
import { startOtlpReceiver, type OtlpReceiver } from '../platform/metrics/otlp/receiver.ts';
import type { Env } from '../platform/temporal/connect.ts';

/** What the receiver needs of the process that it lives in. */
export interface ReceiverIo {
  readonly env: Env;
  readonly now: () => number;
  readonly stderr: (text: string) => void;
}

export interface ReceiverOptions {
  otlpListen?: string;
  otlpTokenEnv?: string;
}

/** undefined: none is asked for, which is the default. */
export async function startReceiver(options: ReceiverOptions, io: ReceiverIo): Promise<OtlpReceiver | undefined> {
  const written = options.otlpListen ?? io.env['TIDEGATE_OTLP_LISTEN'] ?? '';
  if (written === '') return undefined;
  const listen = parseListenAddress(written);
  const token = tokenOf(options.otlpTokenEnv ?? io.env['TIDEGATE_OTLP_TOKEN_ENV'] ?? '', io.env);
  const receiver = await startOtlpReceiver({ listen, token, now: io.now });
  io.stderr(`OTLP metrics are taken at ${receiver.url}\n`);
  if (token === '' && !isLoopback(listen.host)) {
    io.stderr('whoever reaches that address can make up counts: listen on loopback, or set --otlp-token-env\n');
  }
  return receiver;
}

function tokenOf(name: string, env: Env): string {
  if (name === '') return '';
  const token = env[name]?.trim() ?? '';
  if (token !== '') return token;
  refuse(
    'Invalid',
    `the worker has no environment variable ${name} for the token of the OTLP receiver`,
    `set ${name} for the worker, or leave --otlp-token-env out`,
  );
}

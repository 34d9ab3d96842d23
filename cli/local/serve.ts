/** `tidegate serve`: the front door on Node; runs until it is told to stop. Logs go to stderr, one JSON object a line. */
import { once } from 'node:events';
import { refuse } from '../../core/values/error.ts';
import { createFrontDoor } from '../../functions/front-door.ts';
import { startNodeHost } from '../../functions/hosts/node.ts';
import { createLog } from '../../functions/log.ts';
import { parseListenAddress } from '../../platform/http/listen-address.ts';
import { exitCodes, type Io } from '../io.ts';

export interface ServeOptions {
  config?: string;
  listen?: string;
}

/** Reachable from this machine only, until somebody says otherwise. */
const LISTEN = '127.0.0.1:8080';

export async function serveCommand(options: ServeOptions, io: Io): Promise<number> {
  const directory = options.config ?? io.env['TIDEGATE_CONFIG'];
  if (directory === undefined)
    refuse('Invalid', 'the front door does not know its config', 'give --config DIR or set TIDEGATE_CONFIG');
  const listen = parseListenAddress(options.listen ?? io.env['TIDEGATE_LISTEN'] ?? LISTEN);
  const log = createLog(io.stderr);
  const app = createFrontDoor({ directory, env: io.env, log, now: io.now });
  try {
    const host = await startNodeHost({ app, listen });
    log.info({ at: host.url, config: directory }, 'the front door is open');
    if (!io.signal.aborted) await once(io.signal, 'abort');
    log.info({}, 'the front door closes: what is under way is finished');
    await host.close();
    return exitCodes.ok;
  } finally {
    await app.close();
  }
}

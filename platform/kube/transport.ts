/**
 * HTTP to one API server over a few kept-alive connections. A call ends by its deadline, whatever the server does;
 * 429 and 503 with Retry-After are waited for inside the deadline; a 401 reads the kubeconfig anew, once.
 */
import { stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Dispatcher } from 'undici';
import type { ClusterRef } from '../../core/contract/plan.ts';
import { TidegateError } from '../../core/contract/errors.ts';
import { loadAccess } from './credentials.ts';
import type { Access } from './credentials.ts';
import { statusError } from './status-errors.ts';
import type { ApiStatus } from './status-errors.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** What is done, for messages: `read`, `apply`, `delete`. */
  readonly verb: string;
  /** `namespace/kind/name`. */
  readonly object: string;
  readonly body?: unknown;
  readonly contentType?: string;
}

export interface CallOptions {
  /** Ends the call early, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export interface Transport {
  /** Any answer of the 2xx, or 404; everything else throws. */
  call(call: Call, options?: CallOptions): Promise<Answer>;
  close(): Promise<void>;
}

export interface TransportOptions {
  /** Longest time of one call with all its waits, ms. */
  readonly deadlineMs: number;
}

/** Activities of one worker talk to a cluster in parallel; more would only queue inside the API server. */
const CONNECTIONS = 4;
/** Kept open while idle, ms: rollouts touch a cluster every few seconds to minutes. */
const KEEP_ALIVE_MS = 60_000;
/** Larger answers are refused: no list that Tidegate asks for (pages of 250) comes near it. */
const BODY_MAX_BYTES = 32 * 1024 * 1024;

/** `Retry-After: 0` would make a loop without pause against a server that is in trouble, ms. */
const SHORTEST_WAIT_MS = 250;

interface Connection {
  readonly pool: Pool;
  readonly access: Access;
  readonly basePath: string;
  /** mtime of the kubeconfig that it was made from, ms. */
  readonly readAtMs: number;
}

export function createTransport(ref: ClusterRef, { deadlineMs }: TransportOptions): Transport {
  let current: Promise<Connection> | undefined;
  let closed = false;

  async function connection(): Promise<Connection> {
    if (closed) throw new TidegateError('Unavailable', `${ref.name}: the connection pool is closed`);
    const mtimeMs = await modifiedAt(ref);
    const old = await current?.catch(() => undefined);
    if (old !== undefined && old.readAtMs === mtimeMs) return old;
    // A file that is just being rewritten must not stop a way back: the connection in use is good until it is refused.
    return renew(old, { orKeep: true });
  }

  /** Several calls may find the same connection stale at once: only the first makes a new one. */
  let renewing: Promise<Connection> | undefined;
  function renew(old: Connection | undefined, { orKeep }: { orKeep: boolean }): Promise<Connection> {
    renewing ??= open(ref).finally(() => (renewing = undefined));
    current = renewing.then(
      (fresh) => {
        // Calls under way end on the old pool; it closes when they have.
        old?.pool.close().catch(() => undefined);
        return fresh;
      },
      (error: unknown) => {
        if (orKeep && old !== undefined) return old;
        throw error;
      },
    );
    return current;
  }

  async function once(call: Call, signal: AbortSignal): Promise<Exchange> {
    const used = await connection();
    const first = await send(used, call, signal);
    if (first.status !== 401) return first;
    const fresh = (await current) === used ? await renew(used, { orKeep: false }) : await connection();
    return send(fresh, call, signal);
  }

  return {
    async call(call, options = {}) {
      const where = `${ref.name}/${call.object}`;
      const deadline = AbortSignal.timeout(deadlineMs);
      const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
      const startedAt = performance.now();
      try {
        for (;;) {
          const exchange = await aborted(once(call, signal), signal);
          if (exchange.status < 300 || exchange.status === 404) return { status: exchange.status, body: exchange.body };
          const { status, retryAfterMs } = exchange;
          const error = statusError({ where, verb: call.verb, status, retryAfterMs, body: exchange.body as ApiStatus });
          const waitMs = status === 429 || status === 503 ? retryAfterMs : undefined;
          if (waitMs === undefined || performance.now() - startedAt + waitMs >= deadlineMs) throw error;
          await wait(waitMs, undefined, { signal });
        }
      } catch (error) {
        throw callError(error, { where, verb: call.verb, deadlineMs, deadline, cancelled: options.signal });
      }
    },
    async close() {
      closed = true;
      const open = await current?.catch(() => undefined);
      await open?.pool.destroy();
    },
  };
}

async function modifiedAt(ref: ClusterRef): Promise<number> {
  return stat(ref.kubeconfig.path).then(
    (found) => found.mtimeMs,
    () => 0,
  );
}

async function open(ref: ClusterRef): Promise<Connection> {
  const readAtMs = await modifiedAt(ref);
  const access = await loadAccess(ref);
  const pool = new Pool(access.server.origin, {
    connections: CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connect: { ...access.tls },
  });
  return { pool, access, readAtMs, basePath: access.server.pathname.replace(/\/$/, '') };
}

interface Exchange {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterMs: number | undefined;
}

async function send(to: Connection, call: Call, signal: AbortSignal): Promise<Exchange> {
  const headers: Record<string, string> = { ...(await to.access.headers()), accept: 'application/json' };
  if (call.body !== undefined) headers['content-type'] = call.contentType ?? 'application/json';
  const response = await to.pool.request({
    method: call.method,
    path: `${to.basePath}${call.path}`,
    headers,
    signal,
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
  });
  const text = await readText(response);
  return {
    status: response.statusCode,
    body: parseJson(text),
    retryAfterMs: retryAfterMs(response.headers['retry-after']),
  };
}

async function readText({ body }: Dispatcher.ResponseData): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_MAX_BYTES)
      throw new TidegateError('Invalid', `the API server's answer is larger than ${String(BODY_MAX_BYTES)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Proxies in front of an API server answer in HTML or plain text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { message: text.slice(0, 200) } satisfies ApiStatus;
  }
}

function retryAfterMs(header: string | string[] | undefined): number | undefined {
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  const isDelay = Number.isFinite(seconds) && seconds >= 0 && header !== undefined;
  return isDelay ? Math.max(seconds * 1000, SHORTEST_WAIT_MS) : undefined;
}

/** Lets go at once on abort, even where the awaited work (an exec plugin, a file system) does not listen. */
async function aborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => {};
  const end = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    signal.removeEventListener('abort', stop);
    end.catch(() => undefined);
  }
}

interface FailedExchange {
  readonly where: string;
  readonly verb: string;
  readonly deadlineMs: number;
  readonly deadline: AbortSignal;
  readonly cancelled: AbortSignal | undefined;
}

function callError(error: unknown, { where, verb, deadlineMs, deadline, cancelled }: FailedExchange): unknown {
  if (cancelled?.aborted === true) return cancelled.reason;
  if (error instanceof TidegateError) return error;
  if (deadline.aborted) {
    return new TidegateError(
      'Unavailable',
      `${where}: ${verb}: no answer from the API server in ${String(deadlineMs)} ms`,
    );
  }
  // The cause is left out: an error of the HTTP client may carry the request with its headers.
  return new TidegateError('Unavailable', `${where}: ${verb}: the API server cannot be reached: ${reasonOf(error)}`);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason';
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? error.name : code;
}

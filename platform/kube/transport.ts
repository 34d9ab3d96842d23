/**
 * Calls to one API server. A call ends by its deadline, whatever the server does; 429 and 503 with
 * Retry-After are waited for inside the deadline; a 401 reads the access anew, once, and so does a file of it that was
 * written: the kubeconfig, an authority, a client certificate or its key. A server that has moved is looked up again.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';
import { TidegateError } from '../../core/values/error.ts';
import { untilAborted } from '../abort.ts';
import type { CloudPlaces } from '../cloud/places.ts';
import { openConnection, send, type Call, type Connection, type Exchange } from './http.ts';
import { neverConnected, sameServer } from './moved.ts';
import { statusError, type ApiStatus } from './status-errors.ts';
import { beforeAsking } from './unasked.ts';

export interface CallOptions {
  /** Ends the call early, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
}

export interface Transport {
  /** Any answer of the 2xx, or any 404, whoever it is from (`isNotFound`); everything else throws. */
  call(call: Call, options?: CallOptions): Promise<ApiAnswer>;
  close(): Promise<void>;
}

export interface TransportOptions {
  /** Longest time of one call with all its waits, ms. */
  readonly deadlineMs: number;
  /** Where clouds answer. */
  readonly places: CloudPlaces;
}

/** A server that cannot be reached, and has not moved: its cloud is asked again after this long, ms. */
const ASK_AGAIN_MS = 30_000;

/** The connection in use, and the way to another one. */
interface Connections {
  current(): Promise<Connection>;
  /** Another one in the place of `old`, unless somebody has made it. `orKeep`: the old one is better than none. */
  replace(old: Connection, options: { orKeep: boolean }): Promise<Connection>;
  close(): Promise<void>;
}

function createConnections(ref: ReachableCluster, places: CloudPlaces): Connections {
  let current: Promise<Connection> | undefined;
  let closed = false;

  /** Several calls may find the same connection stale at once: only the first makes a new one. */
  let renewing: Promise<Connection> | undefined;
  function renew(old: Connection | undefined, { orKeep }: { orKeep: boolean }): Promise<Connection> {
    renewing ??= openConnection(ref, places).finally(() => (renewing = undefined));
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

  async function connection(): Promise<Connection> {
    if (closed) throw new TidegateError('Unavailable', `${ref.name}: the connection pool is closed`);
    const old = await current?.catch(() => undefined);
    if (old !== undefined && (await old.access.isCurrent())) return old;
    // A file that is just being rewritten must not stop a way back: the connection in use is good until it is refused.
    return renew(old, { orKeep: true });
  }

  return {
    current: () => beforeAsking(connection),
    replace: (old, options) => beforeAsking(async () => ((await current) === old ? renew(old, options) : connection())),
    async close() {
      closed = true;
      const open = await current?.catch(() => undefined);
      await open?.pool.destroy();
    },
  };
}

/** One exchange: with a renewed token where the server refuses one, and where the server is by now. */
function createSender(connections: Connections): (call: Call, signal: AbortSignal) => Promise<Exchange> {
  /** A token that the server refuses is renewed once; then the refusal stands. */
  async function once(call: Call, signal: AbortSignal): Promise<Exchange> {
    const used = await connections.current();
    const credentials = await beforeAsking(() => used.access.headers());
    const first = await send(used, { call, credentials, signal });
    if (first.status !== 401) return first;
    if (used.access.refused !== undefined) {
      used.access.refused(credentials);
      return send(used, { call, credentials: await beforeAsking(() => used.access.headers()), signal });
    }
    const fresh = await connections.replace(used, { orKeep: false });
    return send(fresh, { call, credentials: await beforeAsking(() => fresh.access.headers()), signal });
  }

  let askedInVainAt = -Infinity;
  /** A call that reached nobody is made again where its cloud says that the server is somewhere else by now. */
  async function onceOrMoved(call: Call, signal: AbortSignal): Promise<Exchange> {
    const before = await connections.current();
    try {
      return await once(call, signal);
    } catch (error) {
      const mayAsk = before.access.mayMove === true && performance.now() - askedInVainAt >= ASK_AGAIN_MS;
      if (!mayAsk || !neverConnected(error)) throw error;
      const fresh = await connections.replace(before, { orKeep: true });
      if (sameServer(before.access, fresh.access)) {
        askedInVainAt = performance.now();
        throw error;
      }
      return once(call, signal);
    }
  }

  return onceOrMoved;
}

export function createTransport(ref: ReachableCluster, { deadlineMs, places }: TransportOptions): Transport {
  const connections = createConnections(ref, places);
  const exchange = createSender(connections);
  return {
    async call(call, options = {}) {
      const where = `${ref.name}/${call.object}`;
      const deadline = AbortSignal.timeout(deadlineMs);
      const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
      const startedAt = performance.now();
      try {
        for (;;) {
          const exchanged = await untilAborted(exchange(call, signal), signal);
          if (exchanged.status < 300 && !exchanged.isJson && call.answersText !== true)
            throw noApiServer(`${where}: ${call.verb}`);
          if (exchanged.status < 300 || exchanged.status === 404)
            return { status: exchanged.status, body: exchanged.body };
          const { status, retryAfterMs } = exchanged;
          const error = statusError({
            where,
            verb: call.verb,
            status,
            retryAfterMs,
            body: exchanged.body as ApiStatus,
          });
          const waitMs = status === 429 || status === 503 ? retryAfterMs : undefined;
          if (waitMs === undefined || performance.now() - startedAt + waitMs >= deadlineMs) throw error;
          await wait(waitMs, undefined, { signal });
        }
      } catch (error) {
        throw callError(error, { where, verb: call.verb, deadlineMs, deadline, cancelled: options.signal });
      }
    },
    close: () => connections.close(),
  };
}

/** A login page or a captive portal answers 200 for whatever is asked. */
function noApiServer(what: string): TidegateError {
  return new TidegateError('Unavailable', `${what}: what answers there is no API server: the answer is not JSON`, {
    fix: 'look at what stands between the worker and the API server (proxy, load balancer, server of the kubeconfig)',
  });
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

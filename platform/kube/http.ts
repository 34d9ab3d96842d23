/** HTTP to one API server over a few kept-alive connections: one request, one answer, both bounded. */
import { Pool, type Dispatcher } from 'undici';
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { CloudPlaces } from '../cloud/places.ts';
import { loadAccess } from './access/access.ts';
import type { Access, SentHeaders } from './access/api-access.ts';
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
  /** The answer to a request that goes well is text, and no JSON. */
  readonly answersText?: true;
}

/** Activities of one worker talk to a cluster in parallel; more would only queue inside the API server. */
const CONNECTIONS = 4;
/** Kept open while idle, ms: rollouts touch a cluster every few seconds to minutes. */
const KEEP_ALIVE_MS = 60_000;
/** Time for a connection with its handshake, ms: well below a call's deadline, so that a server that has moved away from an
 * address where nobody answers can be looked up and called within it. */
const CONNECT_MS = 3_000;
/** Larger answers are refused: no list that Tidegate asks for (pages of 250) comes near it. */
const BODY_MAX_BYTES = 32 * 1024 * 1024;

/** `Retry-After: 0` would make a loop without pause against a server that is in trouble, ms. */
const SHORTEST_WAIT_MS = 250;

export interface Connection {
  readonly pool: Pool;
  readonly access: Access;
  readonly basePath: string;
}

export async function openConnection(ref: ReachableCluster, places: CloudPlaces): Promise<Connection> {
  const access = await loadAccess(ref.name, ref.access, places);
  const pool = new Pool(access.server.origin, {
    connections: CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectTimeout: CONNECT_MS,
    connect: { ...access.tls },
  });
  return { pool, access, basePath: access.server.pathname.replace(/\/$/, '') };
}

export interface Exchange {
  readonly status: number;
  readonly body: unknown;
  /** False: the body is a page or plain text, which no API server answers a request with that went well. */
  readonly isJson: boolean;
  readonly retryAfterMs: number | undefined;
  /** The server's clock when it answered, ms since the epoch, to the second. */
  readonly dateMs: number | undefined;
}

/** One call, as whom it is made, and until when. */
export interface Sending {
  readonly call: Call;
  readonly credentials: SentHeaders;
  readonly signal: AbortSignal;
}

export async function send(to: Connection, { call, credentials, signal }: Sending): Promise<Exchange> {
  const headers: Record<string, string | string[]> = {
    accept: call.answersText === true ? '*/*' : 'application/json',
  };
  for (const [name, value] of Object.entries(credentials)) {
    headers[name] = typeof value === 'string' ? value : [...value];
  }
  if (call.body !== undefined) headers['content-type'] = call.contentType ?? 'application/json';
  const response = await to.pool.request({
    method: call.method,
    path: `${to.basePath}${call.path}`,
    headers,
    signal,
    ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
  });
  const text = await readText(response);
  const isText = call.answersText === true && response.statusCode < 300;
  return {
    status: response.statusCode,
    ...(isText ? { body: text, isJson: false } : parseJson(text)),
    retryAfterMs: retryAfterMs(response.headers['retry-after']),
    dateMs: dateMs(response.headers['date']),
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
function parseJson(text: string): Pick<Exchange, 'body' | 'isJson'> {
  try {
    return { body: JSON.parse(text) as unknown, isJson: true };
  } catch {
    return { body: { message: text.slice(0, 200) } satisfies ApiStatus, isJson: false };
  }
}

function retryAfterMs(header: string | string[] | undefined): number | undefined {
  const seconds = Number(Array.isArray(header) ? header[0] : header);
  const isDelay = Number.isFinite(seconds) && seconds >= 0 && header !== undefined;
  return isDelay ? Math.max(seconds * 1000, SHORTEST_WAIT_MS) : undefined;
}

function dateMs(header: string | string[] | undefined): number | undefined {
  const ms = typeof header === 'string' ? Date.parse(header) : NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

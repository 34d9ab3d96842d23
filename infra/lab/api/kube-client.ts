/**
 * The lab's own access to its API servers: JSON over kept-alive connections. The product has its own client
 * (platform/kube); the lab does not use it, so that a fault there cannot hide itself in the tests.
 */
import { Agent, request } from 'undici';
import { present } from '../../../core/values/json.ts';

export interface KubeTarget {
  readonly server: string;
  readonly token: string;
  /** PEM. */
  readonly ca: string;
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    deletionGracePeriodSeconds?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: readonly { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
    finalizers?: string[];
  };
}

interface WatchEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: KubeObject & { code?: number; message?: string };
}

/** An answer of the API server that is not a success. */
export class KubeStatusError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.name = 'KubeStatusError';
    this.status = status;
  }
}

export interface KubeClient {
  get<T = KubeObject>(path: string): Promise<T>;
  create<T = KubeObject>(path: string, body: unknown): Promise<T>;
  /** Server-side apply with force: the lab is the only writer of what it makes. */
  apply<T = KubeObject>(path: string, body: unknown): Promise<T>;
  merge<T = KubeObject>(path: string, body: unknown): Promise<T>;
  /** A missing object is fine. */
  remove(path: string, options?: { gracePeriodSeconds?: number; uid?: string }): Promise<void>;
  watch(path: string, signal: AbortSignal, onEvent: (event: WatchEvent) => void): Promise<void>;
  close(): Promise<void>;
}

const requestTimeoutMs = 5_000;

export function createKubeClient(target: KubeTarget): KubeClient {
  const dispatcher = new Agent({
    connect: { ca: target.ca, timeout: 3_000 },
    connections: 16,
    keepAliveTimeout: 30_000,
    bodyTimeout: 0,
  });
  const authorization = `Bearer ${target.token}`;

  async function call<T>(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<T> {
    const response = await request(target.server + path, {
      method: method as 'GET',
      dispatcher,
      signal: AbortSignal.timeout(requestTimeoutMs),
      headers: {
        authorization,
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.body.text();
    if (response.statusCode >= 300)
      throw new KubeStatusError(response.statusCode, `${method} ${path}: ${response.statusCode} ${messageOf(text)}`);
    return JSON.parse(text) as T;
  }

  return {
    get: (path) => call('GET', path),
    create: (path, body) => call('POST', path, body),
    apply: (path, body) =>
      call('PATCH', `${path}?fieldManager=tidegate-lab&force=true`, body, 'application/apply-patch+yaml'),
    merge: (path, body) => call('PATCH', path, body, 'application/merge-patch+json'),
    async remove(path, options = {}) {
      const { gracePeriodSeconds, uid } = options;
      const body = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        ...present({ gracePeriodSeconds }),
        ...(uid === undefined ? {} : { preconditions: { uid } }),
      };
      try {
        await call('DELETE', path, body);
      } catch (error) {
        if (error instanceof KubeStatusError && error.status === 404) return;
        throw error;
      }
    },
    async watch(path, signal, onEvent) {
      const response = await request(target.server + path, {
        dispatcher,
        signal,
        headers: { authorization, accept: 'application/json' },
        bodyTimeout: 0,
      });
      if (response.statusCode >= 300)
        throw new KubeStatusError(response.statusCode, messageOf(await response.body.text()));
      await forEachLine(response.body, (line) => onEvent(JSON.parse(line) as WatchEvent));
    },
    close: () => dispatcher.destroy(),
  };
}

async function forEachLine(stream: AsyncIterable<Buffer>, onLine: (line: string) => void): Promise<void> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n')) {
      if (end > 0) onLine(rest.slice(0, end));
      rest = rest.slice(end + 1);
    }
  }
}

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text.slice(0, 200);
  } catch {
    return text.slice(0, 200);
  }
}

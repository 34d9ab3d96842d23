/** The front door on Node's own HTTP server: `tidegate serve`, a container, Knative, Cloud Run. TLS ends before it. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { TidegateError } from '../../core/values/error.ts';
import type { ListenAddress } from '../../platform/http/listen-address.ts';
import type { FrontDoorApp } from '../app.ts';

export interface NodeHost {
  /** With the port that it got, when it was asked for port 0. */
  readonly url: string;
  /** Takes no more connections, finishes what is under way, and ends within the grace time. */
  close(): Promise<void>;
}

/** Bounds of strangers' requests. */
export const hostLimits = {
  /** All header lines together, bytes. */
  headerBytes: 16_384,
  headers: 100,
  /** From the first byte of a request to the end of its head, and to its last byte, ms: 1 MiB comes with 1 Mbit/s. */
  headMs: 5_000,
  requestMs: 10_000,
  /** How often slow ones are looked for, ms. */
  lookEveryMs: 1_000,
  /** Between two requests, ms: load balancers keep theirs for 60 s, and must be the first to close. */
  idleMs: 65_000,
  connections: 2_000,
  /** For requests that are under way when it is told to stop, ms. */
  graceMs: 10_000,
} as const;

export interface NodeHostOptions {
  readonly app: Pick<FrontDoorApp, 'fetch'>;
  readonly listen: ListenAddress;
  /** Default: hostLimits. */
  readonly limits?: { readonly [K in keyof typeof hostLimits]?: number };
}

export async function startNodeHost({ app, listen, limits }: NodeHostOptions): Promise<NodeHost> {
  const bounds = { ...hostLimits, ...limits };
  let isClosing = false;
  const listener = getRequestListener(
    async (request, { outgoing }) => {
      const response = await app.fetch(request);
      // Whoever keeps the connection would send his next request to nobody.
      if (isClosing) outgoing.setHeader('connection', 'close');
      return response;
    },
    { overrideGlobalObjects: false },
  );
  const server = createServer(
    {
      maxHeaderSize: bounds.headerBytes,
      headersTimeout: bounds.headMs,
      requestTimeout: bounds.requestMs,
      connectionsCheckingInterval: bounds.lookEveryMs,
      keepAliveTimeout: bounds.idleMs,
    },
    (incoming, outgoing) => void listener(incoming, outgoing),
  );
  server.maxHeadersCount = bounds.headers;
  server.maxConnections = bounds.connections;
  await listening(server, listen);
  const { address, family, port } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close() {
      isClosing = true;
      return closed(server, bounds.graceMs);
    },
  };
}

/** Idle connections are closed at once, the others after their answer. */
function closed(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const end = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(end);
      resolve();
    });
  });
}

const listening = (server: Server, { host, port }: ListenAddress): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `the front door cannot listen on ${host}:${port}: ${cause.message}`;
      reject(new TidegateError('Invalid', message, { cause, fix: 'choose another address with --listen' }));
    });
    server.listen(port, host, resolve);
  });

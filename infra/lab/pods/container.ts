import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { pastEnvoyHeader } from '../load/client.ts';
import type { FaultBook, PodIdentity } from './faults.ts';
import type { PodTelemetry } from './telemetry.ts';

/** One running process of a pod: an HTTP server on the pod's address. */
export interface Container {
  listen(): Promise<void>;
  /** From now on every answer ends its connection, so that kept-alive clients leave before the listener does. */
  drain(): void;
  /** Ends idle connections, waits for running requests, at most `limitMs`. */
  stop(limitMs: number): Promise<void>;
  /** As after SIGKILL: every socket reset, nothing listens. */
  crash(): void;
}

/** As common application servers: longer than the clients' and proxies' idle time. */
const keepAliveMs = 75_000;

export interface ContainerOptions {
  readonly address: string;
  readonly ports: readonly number[];
  readonly pod: PodIdentity & { readonly name: string };
  readonly faults: FaultBook;
  readonly telemetry: PodTelemetry;
}

export function createContainer(options: ContainerOptions): Container {
  const { pod, faults, telemetry } = options;
  const okBody = JSON.stringify({ service: pod.service, version: pod.version, cluster: pod.cluster, pod: pod.name });
  const errorBody = JSON.stringify({ ...(JSON.parse(okBody) as object), error: 'injected' });
  const sockets = new Set<Socket>();
  let draining = false;

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const fault = faults.of(pod);
    if (fault.hang) return;
    const started = performance.now();
    const isPast = request.headers[pastEnvoyHeader] !== undefined;
    const errorRatio = isPast ? (fault.pastErrorRatio ?? fault.errorRatio) : fault.errorRatio;
    const failing = errorRatio > 0 && faults.draw(pod) < errorRatio;
    const status = failing ? 500 : 200;
    const body = failing ? errorBody : okBody;
    // 1 to 3 ms of work, as a small service has.
    setTimeout(
      () => {
        if (response.destroyed) return;
        response.writeHead(status, {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          ...(draining ? { connection: 'close' } : {}),
        });
        response.end(body);
        telemetry.recordRequest({
          method: request.method ?? 'GET',
          status,
          seconds: (performance.now() - started) / 1_000,
        });
      },
      1 + Math.random() * 2 + fault.latencyMs,
    );
    request.resume();
  }

  const servers = options.ports.map(() => createTrackedServer(handle, sockets));

  return {
    listen: async () => {
      await Promise.all(servers.map((server, i) => listenOn(server, options.address, options.ports[i] ?? 0)));
    },
    drain() {
      draining = true;
    },
    async stop(limitMs) {
      draining = true;
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, limitMs);
      await Promise.all(closed);
      clearTimeout(timer);
      await telemetry.flushAndStop();
    },
    crash() {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.resetAndDestroy();
      telemetry.abandon();
    },
  };
}

function createTrackedServer(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  sockets: Set<Socket>,
): Server {
  const server = createServer({ keepAliveTimeout: keepAliveMs }, handle);
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return server;
}

function listenOn(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 1_024 }, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      resolve();
    });
  });
}

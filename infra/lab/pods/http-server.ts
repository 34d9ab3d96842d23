import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pastEnvoyHeader } from '../load/dialer.ts';
import { closeWithin, listenOn, trackedSockets, type NextWork, type PodServer } from './pod-server.ts';
import type { PodTelemetry } from './telemetry.ts';

/** As common application servers: longer than the clients' and proxies' idle time. */
const keepAliveMs = 75_000;

/** `who`: what an answer says of the pod. */
export function createHttpServer(who: object, next: NextWork, telemetry: PodTelemetry): PodServer {
  const okBody = JSON.stringify(who);
  const errorBody = JSON.stringify({ ...who, error: 'injected' });
  let draining = false;

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const work = next(request.headers[pastEnvoyHeader] !== undefined);
    if (work.hang) return;
    const started = performance.now();
    const status = work.fails ? 500 : 200;
    const body = work.fails ? errorBody : okBody;
    setTimeout(() => {
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
    }, work.ms);
    request.resume();
  }

  const server = createServer({ keepAliveTimeout: keepAliveMs }, handle);
  const sockets = trackedSockets(server);
  return {
    listen: (host, port) => listenOn(server, host, port),
    drain() {
      draining = true;
    },
    stop: (limitMs) => closeWithin(server, sockets, limitMs),
    crash() {
      server.close();
      for (const socket of sockets) socket.resetAndDestroy();
    },
  };
}

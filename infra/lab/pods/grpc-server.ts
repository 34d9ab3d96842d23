/** A gRPC server, as far as HTTP/2 goes: messages are empty, the status is in the trailers, metadata tell who answered. */
import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { answeredByHeader, pastEnvoyHeader } from '../load/dialer.ts';
import { EMPTY_MESSAGE, statusNumber, type GrpcStatus } from '../load/grpc-wire.ts';
import { closeWithin, listenOn, trackedSockets, type NextWork, type PodServer } from './pod-server.ts';
import type { PodTelemetry } from './telemetry.ts';

/** `who`: what an answer says of the pod. */
export function createGrpcServer(who: object, next: NextWork, telemetry: PodTelemetry): PodServer {
  const metadata = { [answeredByHeader]: JSON.stringify(who) };
  const sessions = new Set<ServerHttp2Session>();

  function answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    stream.on('error', () => stream.destroy());
    stream.resume();
    const work = next(headers[pastEnvoyHeader] !== undefined);
    if (work.hang) return;
    const started = performance.now();
    const status: GrpcStatus = work.fails ? 'INTERNAL' : 'OK';
    setTimeout(() => {
      if (stream.destroyed) return;
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...metadata }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': statusNumber[status] }));
      stream.end(work.fails ? undefined : EMPTY_MESSAGE);
      telemetry.recordCall({
        method: (headers[':path'] ?? '').slice(1),
        status,
        seconds: (performance.now() - started) / 1_000,
      });
    }, work.ms);
  }

  const server = createServer()
    .on('session', (session) =>
      sessions.add(session.on('error', () => session.destroy()).on('close', () => sessions.delete(session))),
    )
    .on('stream', answer);
  const sockets = trackedSockets(server);
  return {
    listen: (host, port) => listenOn(server, host, port),
    // As gRPC servers do: the preStop hook only waits, and the end itself says GOAWAY.
    drain: () => undefined,
    async stop(limitMs) {
      for (const session of sessions) session.close();
      await closeWithin(server, sockets, limitMs);
    },
    crash() {
      server.close();
      for (const socket of sockets) socket.resetAndDestroy();
    },
  };
}

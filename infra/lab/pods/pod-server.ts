/** One port of a running pod, whatever it speaks; and what both kinds of server ask before they answer. */
import type { Server as HttpServer } from 'node:http';
import type { Http2Server } from 'node:http2';
import type { Socket } from 'node:net';

export interface PodServer {
  listen(host: string, port: number): Promise<void>;
  /** From now on clients are told to leave, each with its next answer or at once. */
  drain(): void;
  /** Takes no new connections, ends idle ones, waits for running requests, at most `limitMs`. */
  stop(limitMs: number): Promise<void>;
  /** As after SIGKILL: every socket reset, nothing listens. */
  crash(): void;
}

/** What a request is in for. */
export interface Work {
  /** Never answered. */
  readonly hang: boolean;
  readonly fails: boolean;
  /** 1 to 3 ms, as a small service has, and what a fault adds. */
  readonly ms: number;
}

/** `isPast`: the request came past Envoy. */
export type NextWork = (isPast: boolean) => Work;

/** The sockets of a server, so that a crash resets them. */
export function trackedSockets(server: HttpServer | Http2Server): Set<Socket> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}

export function listenOn(server: HttpServer | Http2Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 1_024 }, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      resolve();
    });
  });
}

/** Closes the server; sockets that are left after `limitMs` are destroyed. */
export async function closeWithin(
  server: HttpServer | Http2Server,
  sockets: ReadonlySet<Socket>,
  limitMs: number,
): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, limitMs);
  await closed;
  clearTimeout(timer);
}

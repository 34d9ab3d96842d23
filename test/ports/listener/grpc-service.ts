/** A gRPC service and its caller, as far as HTTP/2 goes: messages are bytes that nobody reads, the status is in the trailers. */
import { connect, createServer, type ClientHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';

/** Length 0, not compressed. */
const MESSAGE = Buffer.alloc(5);

export interface GrpcService {
  readonly port: number;
  /** Calls that ended, by their status. */
  readonly ended: ReadonlyMap<string, number>;
  /** Ends the streams that are held open. */
  release(): void;
  close(): Promise<void>;
}

/** Answers the n-th call with the status that `statusOf` gives; calls of /shop.Checkout/Watch are held open. */
export const startGrpcService = async (statusOf: (n: number) => string): Promise<GrpcService> => {
  const ended = new Map<string, number>();
  const held = new Set<ServerHttp2Stream>();
  const sessions = new Set<{ destroy(): void }>();
  let calls = 0;
  const end = (stream: ServerHttp2Stream, status: string): void => {
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }));
    stream.end(MESSAGE);
    ended.set(status, (ended.get(status) ?? 0) + 1);
  };
  const server = createServer()
    .on('session', (session) => sessions.add(session.on('close', () => sessions.delete(session))))
    .on('stream', (stream, headers) => {
      stream.on('error', () => stream.destroy());
      stream.resume();
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      if (headers[':path'] === '/shop.Checkout/Watch') held.add(stream.on('close', () => held.delete(stream)));
      else end(stream, statusOf(calls++));
    });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  return {
    port: (server.address() as AddressInfo).port,
    ended,
    release: () => [...held].forEach((stream) => end(stream, '0')),
    close: () =>
      new Promise((resolve) => {
        for (const session of sessions) session.destroy();
        server.close(() => resolve());
      }),
  };
};

export interface CallEnd {
  /** '' where the stream ended without one. */
  readonly status: string;
  readonly http: number;
}

export interface GrpcCaller {
  call(method?: string): Promise<CallEnd>;
  readonly session: ClientHttp2Session;
  close(): void;
}

/** All calls on one connection, as gRPC clients do. */
export const grpcCaller = (port: number): GrpcCaller => {
  const session = connect(`http://127.0.0.1:${String(port)}`);
  session.on('error', () => session.destroy());
  return {
    session,
    close: () => session.destroy(),
    call: (method = 'Pay') =>
      new Promise((resolve) => {
        const got = { status: '', http: 0 };
        const stream = session.request({
          ':method': 'POST',
          ':path': `/shop.Checkout/${method}`,
          'content-type': 'application/grpc',
          te: 'trailers',
        });
        const take = (headers: Readonly<Record<string, unknown>>): void => {
          if (typeof headers['grpc-status'] === 'string') got.status = headers['grpc-status'];
        };
        stream.on('response', (headers) => {
          got.http = headers[':status'] ?? 0;
          take(headers);
        });
        stream.on('trailers', take);
        stream.on('error', () => stream.destroy());
        stream.on('close', () => resolve(got));
        stream.resume();
        stream.end(MESSAGE);
      }),
  };
};

/** An app that takes whatever comes over its socket, writes down what it saw, and answers as the path asks. */
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { answers } from './answers.ts';
import { headerOf, parseMessage, type RawMessage } from './raw-http.ts';

export interface Origin {
  readonly port: number;
  /** Requests since the last call. */
  taken(): readonly RawMessage[];
  close(): Promise<void>;
}

export const startOrigin = async (): Promise<Origin> => {
  let seen: RawMessage[] = [];
  const sockets = new Set<Socket>();
  const http2 = echoServer();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('data', (first: Buffer) => {
      // HTTP/2 without TLS begins with a preface that no HTTP/1 request has.
      if (first.toString('latin1').startsWith('PRI * HTTP/2')) {
        const inner = connect((http2.address() as AddressInfo).port, '127.0.0.1');
        inner.write(first);
        socket.pipe(inner).on('error', () => socket.destroy());
        inner.pipe(socket).on('error', () => inner.destroy());
        return;
      }
      serve(socket, (message) => seen.push(message));
      socket.emit('data', first);
    });
  });
  await Promise.all(
    [server, http2].map((one) => new Promise<void>((resolve) => void one.listen(0, '127.0.0.1', resolve))),
  );
  return {
    port: (server.address() as AddressInfo).port,
    taken: () => {
      const all = seen;
      seen = [];
      return all;
    },
    close: async () => {
      await closed(server, sockets);
      http2.close();
    },
  };
};

/** Says what came over HTTP/2: pseudo headers, headers, body and trailers. */
const echoServer = (): Http2Server =>
  createHttp2Server().on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    let trailers = {};
    stream.on('trailers', (given) => (trailers = { ...given }));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', () => stream.destroy());
    stream.on('end', () => {
      stream.respond({ ':status': 201, 'x-app': 'One' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc' }));
      stream.end(JSON.stringify({ headers: { ...headers }, body: Buffer.concat(chunks).toString(), trailers }));
    });
  });

const closed = (server: Server, sockets: ReadonlySet<Socket>): Promise<void> =>
  new Promise((resolve) => {
    for (const socket of sockets) socket.destroy();
    server.close(() => resolve());
  });

const serve = (socket: Socket, saw: (message: RawMessage) => void): void => {
  let text = '';
  let upgraded = false;
  let continued = false;
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('data', (chunk: Buffer) => {
    if (upgraded) return void socket.write(chunk);
    // Empty lines before a request are not part of it.
    text = (text + chunk.toString('latin1')).replace(/^(\r\n)+/, '');
    if (!continued && /\r\nexpect: *100-continue\r\n/i.test(text) && text.endsWith('\r\n\r\n')) {
      continued = true;
      socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    }
    for (;;) {
      const parsed = nextRequest(text);
      if (parsed === undefined) return;
      text = parsed.rest;
      saw(parsed.message);
      upgraded = answer(socket, parsed.message).includes(' 101 ');
    }
  });
};

/** Of what is answered before its body came there is only the head. */
const nextRequest = (text: string): ReturnType<typeof parseMessage> => {
  const whole = parseMessage(text, { withoutLength: 'none', closed: false });
  return (
    whole ?? (text.includes('/answer/early') ? parseMessage(text, { withoutLength: 'none', closed: true }) : whole)
  );
};

const answer = (socket: Socket, message: RawMessage): string => {
  const [method = '', target = ''] = message.start.split(' ');
  const connection = headerOf(message, 'connection')?.toLowerCase();
  const keepsOpen = message.start.endsWith('HTTP/1.0') ? connection === 'keep-alive' : connection !== 'close';
  const upgrades = /(^|,) *websocket *(,|$)/i.test(headerOf(message, 'upgrade') ?? '');
  const scripted = answers[/\/answer\/([a-z0-9-]+)/.exec(target)?.[1] ?? (upgrades ? 'websocket' : '')];
  const text = scripted?.text ?? plain(method);
  socket.write(text, 'latin1');
  if (!keepsOpen || scripted?.closes === true) socket.end();
  return text;
};

const plain = (method: string): string =>
  `HTTP/1.1 200 OK\r\nServer: the-app\r\nX-App-Header: One\r\nContent-Length: 2\r\n\r\n${method === 'HEAD' ? '' : 'ok'}`;

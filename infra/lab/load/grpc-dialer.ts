import { connect as dial } from 'node:net';
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from 'node:http2';
import {
  answeredBy,
  answeredByHeader,
  kindOf,
  once,
  type Asked,
  type Dialer,
  type Outcome,
  type Target,
} from './dialer.ts';
import { EMPTY_MESSAGE } from './grpc-wire.ts';

interface Call {
  readonly to: Target;
  readonly how: Asked;
}

/** gRPC over HTTP/2 without TLS: a connection carries many calls, until its server says that it leaves. */
export function createGrpcDialer(localAddress: string): Dialer {
  const kept = new Map<number, ClientHttp2Session>();
  let turn = 0;

  function open({ host, port }: Target): ClientHttp2Session {
    const session = connect(`http://${host}:${port}`, {
      createConnection: () => dial({ host, port, localAddress }),
    });
    session.on('error', () => session.destroy());
    return session;
  }

  /** Calls that are under way on a connection whose server leaves go on; the next one dials anew. */
  function keptSession(to: Target, width: number): ClientHttp2Session {
    const slot = turn++ % width;
    const found = kept.get(slot);
    if (found !== undefined && !found.closed && !found.destroyed) return found;
    const session = open(to);
    const leave = (): void => {
      if (kept.get(slot) === session) kept.delete(slot);
    };
    kept.set(
      slot,
      session.on('close', leave).on('goaway', () => {
        leave();
        session.close();
      }),
    );
    return session;
  }

  return {
    ask(to, how, done) {
      const own = how.kept === undefined ? open(to) : undefined;
      const session = own ?? keptSession(to, how.kept ?? 1);
      const end = once(
        (outcome) => {
          own?.close();
          done(outcome);
        },
        () => stream.close(),
      );
      const stream = call(session, { to, how }, (outcome) => {
        // A server that leaves has not begun it: sent once more, as every gRPC client does.
        if (stream.rstCode !== constants.NGHTTP2_REFUSED_STREAM) return end(outcome);
        const next = open(to);
        call(next, { to, how }, (second) => {
          next.close();
          end(second);
        });
      });
    },
    close() {
      for (const session of kept.values()) session.destroy();
      kept.clear();
    },
  };
}

function call(session: ClientHttp2Session, { to, how }: Call, end: (outcome: Outcome) => void): ClientHttp2Stream {
  const stream = session.request({
    ':method': 'POST',
    ':path': `/lab.${to.service}/Call`,
    ':authority': to.service,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...how.headers,
  });
  readAnswer(stream, end);
  stream.end(EMPTY_MESSAGE);
  return stream;
}

/** Where the connection failed, the stream names that as the cause of its own end. */
function failed(error: NodeJS.ErrnoException): Outcome {
  const cause = error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException) : error;
  return { status: 0, failure: kindOf(cause), detail: `${cause.code ?? ''} ${cause.message}` };
}

/** Who answered stands in the first headers, the status in the trailers, or in the first headers where there is no more. */
function readAnswer(stream: ClientHttp2Stream, end: (outcome: Outcome) => void): void {
  let http = 0;
  let status: string | undefined;
  let who: ReturnType<typeof answeredBy> = {};
  const take = (headers: IncomingHttpHeaders): void => {
    status ??= textOf(headers['grpc-status']);
  };
  stream.on('response', (headers) => {
    http = Number(headers[':status'] ?? 0);
    who = answeredBy(textOf(headers[answeredByHeader]) ?? '');
    take(headers);
  });
  stream.on('trailers', take);
  stream.on('error', (error: NodeJS.ErrnoException) => end({ ...failed(error), ...who }));
  stream.on('close', () => {
    if (status === '0') return end({ status: http, failure: undefined, ...who });
    if (status !== undefined) return end({ status: http, failure: 'grpc', ...who, detail: `grpc-status ${status}` });
    const detail = `HTTP ${http} without a grpc-status`;
    end({ status: http, failure: http === 0 ? 'reset' : http >= 500 ? '5xx' : 'status', ...who, detail });
  });
  stream.resume();
}

const textOf = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

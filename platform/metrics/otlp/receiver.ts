/**
 * platform/metrics/otlp: counts without a metrics store. Collectors and SDKs export OTLP/HTTP to the worker, which keeps
 * minutes of them in memory and reads its verdicts and proofs from there.
 *
 *   POST /v1/metrics ──body──► decode ──► points (checked, named as in Prometheus) ──► ingest ──► memory ──read──► RawSeries[]
 *
 * What is taken is counted once, with its interval; what is not taken is refused with a reason, and queries about it fail
 * instead of giving less. After a start nothing is known of the time before: first samples are baselines. Nothing is
 * stored on disk, forwarded, or shared with other workers. This folder does not know versions, SLOs or verdicts.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readNames } from '../../../core/judge/series/selectors.ts';
import type { MetricsSource } from '../../../core/judge/series/source.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { isAuthorized } from '../../http/bearer.ts';
import { readBody } from '../../http/body.ts';
import type { ListenAddress } from '../../http/listen-address.ts';
import { HttpProblem } from '../../http/problem.ts';
import { contentTypes, decodeRequest, type Encoding } from './decode.ts';
import type { Ingested } from './ingest.ts';
import { encodeProtobuf } from './messages.ts';
import { reportsOf } from './points.ts';
import { problemOf, rpcStatusOf } from './problem.ts';
import { createOtlpStore, type OtlpStore, type StoreOptions } from './store.ts';

export interface OtlpReceiver {
  /** What was received, for whoever counts. */
  readonly source: MetricsSource;
  /** Where it listens: with the port that it got, when it was asked for port 0. */
  readonly url: string;
  close(): Promise<void>;
}

export interface ReceiverOptions extends StoreOptions {
  readonly listen: ListenAddress;
  /** Senders must show it as bearer token. Empty: nobody is asked. */
  readonly token: string;
}

/** Requests that are read and decoded at a time; each may take a body and its inflated form, 8 MiB. */
const MAX_AT_ONCE = 16;
/** From the first byte of a request to its last, ms. */
const REQUEST_MS = 10_000;
/** Senders keep connections open between exports, 60 s apart by default, ms. */
const KEEP_ALIVE_MS = 90_000;
const MAX_CONNECTIONS = 1_000;
/** When to come again, s: at once there may be a slot; memory gets free when old samples go. */
const RETRY_S = { busy: '1', full: '30' } as const;

export const startOtlpReceiver = async ({ listen, token, ...options }: ReceiverOptions): Promise<OtlpReceiver> => {
  const store = createOtlpStore(options);
  let open = 0;
  const server = createServer((request, response) => {
    const isBusy = open >= MAX_AT_ONCE;
    open += 1;
    void answer(request, response, { store, token, isBusy }).finally(() => (open -= 1));
  });
  server.requestTimeout = REQUEST_MS;
  server.headersTimeout = REQUEST_MS / 2;
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.maxConnections = MAX_CONNECTIONS;
  await listening(server, listen);
  const { address, family, port } = server.address() as AddressInfo;
  return {
    source: store,
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/v1/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const listening = (server: Server, { host, port }: ListenAddress): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `the OTLP receiver cannot listen on ${host}:${port}: ${cause.message}`;
      reject(new TidegateError('Invalid', message, { cause, fix: 'choose another address with --otlp-listen' }));
    });
    server.listen(port, host, resolve);
  });

interface Service {
  readonly store: OtlpStore;
  readonly token: string;
  readonly isBusy: boolean;
}

const answer = async (request: IncomingMessage, response: ServerResponse, service: Service): Promise<void> => {
  const encoding = encodingOf(request);
  try {
    const ingested = await receive(request, encoding, service);
    send(response, {
      status: 200,
      encoding: encoding ?? 'json',
      name: 'ExportMetricsServiceResponse',
      message: ingested,
    });
  } catch (error) {
    const problem = problemOf(error);
    const { status, headers } = problem;
    // The rest of a body that is not read would be taken for the next request.
    const rest = request.complete ? {} : { connection: 'close' };
    const message = rpcStatusOf(problem);
    send(response, { status, encoding: encoding ?? 'json', name: 'Status', message, headers: { ...headers, ...rest } });
  }
};

const receive = async (
  request: IncomingMessage,
  encoding: Encoding | undefined,
  { store, token, isBusy }: Service,
): Promise<Record<string, unknown>> => {
  if (request.url?.split('?')[0] !== '/v1/metrics') throw new HttpProblem(404, 'metrics are taken at /v1/metrics only');
  if (request.method !== 'POST') throw new HttpProblem(405, 'metrics are taken by POST', { allow: 'POST' });
  if (!isAuthorized(request.headers.authorization, token))
    throw new HttpProblem(401, 'the bearer token is missing or wrong', { 'www-authenticate': 'Bearer' });
  if (encoding === undefined)
    throw new HttpProblem(415, `the content type must be ${Object.values(contentTypes).join(' or ')}`);
  if (isBusy) throw new HttpProblem(429, 'too many requests at once', { 'retry-after': RETRY_S.busy });
  const body = await readBody(request);
  const ingested = store.ingest(reportsOf(decodeRequest(body, encoding), (name) => readNames.has(name)));
  if (ingested.isFull && ingested.accepted === 0)
    throw new HttpProblem(503, ingested.reasons.join('; '), { 'retry-after': RETRY_S.full });
  return responseOf(ingested);
};

const responseOf = ({ rejected, reasons }: Ingested): Record<string, unknown> =>
  rejected === 0 ? {} : { partialSuccess: { rejectedDataPoints: String(rejected), errorMessage: reasons.join('; ') } };

const encodingOf = ({ headers }: IncomingMessage): Encoding | undefined => {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase();
  return (['json', 'protobuf'] as const).find((encoding) => contentTypes[encoding] === type);
};

interface HttpAnswer {
  readonly status: number;
  readonly encoding: Encoding;
  readonly name: 'ExportMetricsServiceResponse' | 'Status';
  readonly message: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

const send = (response: ServerResponse, { status, encoding, name, message, headers = {} }: HttpAnswer): void => {
  const body = encoding === 'json' ? Buffer.from(JSON.stringify(message)) : encodeProtobuf(name, message);
  response.writeHead(status, { ...headers, 'content-type': contentTypes[encoding], 'content-length': body.length });
  response.end(body);
};

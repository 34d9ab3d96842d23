/** One request over HTTP/2 without TLS, by prior knowledge. */
import { connect } from 'node:http2';

export interface Http2Outcome {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
  readonly trailers: Readonly<Record<string, unknown>>;
}

export interface Http2Request {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly trailers?: Readonly<Record<string, string>>;
}

export const overHttp2 = (port: number, { headers, body, trailers }: Http2Request): Promise<Http2Outcome> =>
  new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${String(port)}`);
    session.on('error', reject);
    const stream = session.request(headers, { waitForTrailers: trailers !== undefined, endStream: body === undefined });
    const got = { status: 0, headers: {}, trailers: {} };
    const chunks: Buffer[] = [];
    stream.on('wantTrailers', () => stream.sendTrailers({ ...trailers }));
    stream.on('response', (given) => {
      const { ':status': status = 0, ...headers } = given;
      Object.assign(got, { status, headers });
    });
    stream.on('trailers', (given: Readonly<Record<string, unknown>>) => Object.assign(got, { trailers: { ...given } }));
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      session.close();
      resolve({ ...got, body: Buffer.concat(chunks).toString() });
    });
    if (body !== undefined) stream.end(body);
  });

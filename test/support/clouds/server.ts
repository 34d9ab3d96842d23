/** A server on 127.0.0.1 that speaks as a cloud does, with what it was asked. */
import { readFileSync } from 'node:fs';
import {
  createServer as createHttp,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { certificate, key, type FakeAnswer } from '../fake-api.ts';

export interface CloudCall {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface CloudServer {
  readonly url: string;
  readonly seen: CloudCall[];
  close(): Promise<void>;
}

/** What stands in for every answer, where a test wants a fault. */
export type Fault = (call: CloudCall) => FakeAnswer | Promise<FakeAnswer> | undefined;

export async function startCloudServer(
  answer: (call: CloudCall) => FakeAnswer | Promise<FakeAnswer>,
  { tls = false }: { readonly tls?: boolean } = {},
): Promise<CloudServer> {
  const seen: CloudCall[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const { method = '', headers, url = '' } = request;
    const call = { method, headers, body, url: new URL(url, 'http://fake') };
    seen.push(call);
    const { status, headers: sent, body: said } = await answer(call);
    response.writeHead(status, sent).end(said);
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => void handle(request, response);
  const server = tls ? createHttps({ key, cert: certificate }, listener) : createHttp(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Takes connections and says nothing, as an address does whose server has gone. */
export async function startSilentServer(): Promise<{ url: string; reached: Promise<void>; close(): Promise<void> }> {
  const sockets: Socket[] = [];
  let reach = (): void => {};
  const reached = new Promise<void>((resolve) => (reach = resolve));
  const server = createTcp((socket) => {
    sockets.push(socket.on('error', () => undefined));
    reach();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    reached,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** An answer as a cloud documents it, with this test's own values. */
export function filled(fixture: string, values: Readonly<Record<string, string>>): string {
  const text = readFileSync(join(import.meta.dirname, '../../fixtures/clouds', fixture), 'utf8');
  return text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '');
}

export const json = (status: number, body: unknown, headers: Record<string, string> = {}): FakeAnswer => ({
  status,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  headers: { 'content-type': 'application/json', ...headers },
});

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The environment of one test file, put back at its end. */
export function setEnvironment(values: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  };
}

import { createServer, type IncomingMessage } from 'node:http';
import { chmodSync, rmSync } from 'node:fs';
import { Agent, request } from 'undici';
import { type TidegateError, refuse } from '../../../core/values/error.ts';

/** Control of a lab process: JSON over HTTP on a unix socket in the run directory, for its owner only. */
export type ControlHandler = (call: { path: string; query: URLSearchParams; body: unknown }) => unknown;

/** Linux limits the path of a unix socket. */
const longestSocketPath = 107;

export async function serveControl(socketPath: string, handle: ControlHandler): Promise<{ close(): void }> {
  if (Buffer.byteLength(socketPath) > longestSocketPath)
    refuse(
      'Invalid',
      `The path ${socketPath} is too long for a unix socket`,
      'Set TIDEGATE_CACHE to a shorter path, or choose a shorter lab name.',
    );
  rmSync(socketPath, { force: true });
  const server = createServer((incoming, response) => {
    void (async () => {
      try {
        const url = new URL(incoming.url ?? '/', 'http://lab');
        const answer = await handle({ path: url.pathname, query: url.searchParams, body: await readJson(incoming) });
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}));
      } catch (error) {
        const { message, fix, code } = error as Partial<TidegateError>;
        response.writeHead(400).end(JSON.stringify({ error: message ?? String(error), fix, code }));
      }
    })();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  chmodSync(socketPath, 0o600);
  return { close: () => void server.close() };
}

async function readJson(incoming: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of incoming) text += String(chunk);
  return text === '' ? {} : (JSON.parse(text) as unknown);
}

/** One call to a control socket. A connection per call: calls are rare and the peer may die at any time. */
export async function callControl<T>(socketPath: string, path: string, body?: unknown): Promise<T> {
  const dispatcher = new Agent({ connect: { socketPath } });
  try {
    const response = await request(`http://lab${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      dispatcher,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.body.json()) as T & { error?: string; fix?: string; code?: TidegateError['code'] };
    if (response.statusCode === 200) return answer;
    refuse(answer.code ?? 'Invalid', answer.error ?? `${path}: ${response.statusCode}`, answer.fix ?? '');
  } finally {
    await dispatcher.close();
  }
}

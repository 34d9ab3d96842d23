/**
 * Lambda's side of a function: the runtime API (version 2018-06-01) on loopback, and the sandbox, a process that is started
 * with nothing but what Lambda gives it. Invocations go one at a time, as in a sandbox of AWS.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ZipEntry } from '../../../infra/aws/zip.ts';

const managedRuntime = fileURLToPath(new URL('managed-runtime.ts', import.meta.url));
const prefix = '/2018-06-01/runtime';

export type Invoked =
  { readonly answer: unknown } | { readonly error: { readonly errorType: string; readonly errorMessage: string } };

export interface Sandbox {
  /** Rejects when the process ends, or could not even load the handler. */
  invoke(invocation: unknown, options?: { timeoutMs: number }): Promise<Invoked>;
  readonly stderr: () => string;
  readonly stdout: () => string;
  stop(): Promise<void>;
}

export interface SandboxOptions {
  readonly files: readonly ZipEntry[];
  readonly handler: string;
  readonly env: Readonly<Record<string, string>>;
}

interface Waiting {
  readonly id: string;
  readonly body: string;
  readonly timeoutMs: number;
  readonly done: (how: Invoked) => void;
  readonly failed: (error: Error) => void;
}

export async function startSandbox({ files, handler, env }: SandboxOptions): Promise<Sandbox> {
  const root = await mkdtemp(join(tmpdir(), 'tidegate-sandbox-'));
  await unpack(root, files);
  const queue: Waiting[] = [];
  const running = new Map<string, Waiting>();
  let asked: ServerResponse | undefined;
  let fault: Error | undefined;
  const pump = (): void => {
    const next = asked === undefined ? undefined : queue.shift();
    if (asked === undefined || next === undefined) return;
    running.set(next.id, next);
    asked.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': next.id,
      'lambda-runtime-deadline-ms': String(Date.now() + next.timeoutMs),
      'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:eu-central-1:123456789012:function:front-door',
      'lambda-runtime-trace-id': 'Root=1-5e6722a7-cc56xmpl46db7ae02d4da47e',
    });
    asked.end(next.body);
    asked = undefined;
  };
  const broken = (error: Error): void => {
    fault ??= error;
    for (const one of [...queue.splice(0), ...running.values()]) one.failed(error);
  };
  const settle = (id: string, how: Invoked): boolean => {
    const one = running.get(id);
    running.delete(id);
    one?.done(how);
    return one !== undefined;
  };
  const server = createServer((request, response) => {
    void (async () => {
      const said = await textOf(request);
      const [, id = '', what] = /^\/invocation\/([^/]+)\/(response|error)$/.exec(pathOf(request)) ?? [];
      if (request.method === 'GET' && pathOf(request) === '/invocation/next') {
        asked = response;
        return pump();
      }
      if (pathOf(request) === '/init/error') broken(new Error(`the handler could not be loaded: ${said}`));
      else if (what === undefined || !settle(id, resultOf(what, said))) return void response.writeHead(404).end();
      response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
    })();
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const child = startProcess({ root, handler, env, api: `127.0.0.1:${port}` });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => (texts[name] += text));
  child.once('exit', (code, signal) =>
    broken(new Error(`the function has ended (${code ?? signal}): ${texts.stderr}`)),
  );
  return {
    invoke: (invocation, { timeoutMs } = { timeoutMs: 30_000 }) =>
      new Promise((done, failed) => {
        if (fault !== undefined) return failed(fault);
        queue.push({ id: randomUUID(), body: JSON.stringify(invocation), timeoutMs, done, failed });
        pump();
      }),
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    stop: async () => {
      await ended(child);
      server.closeAllConnections();
      await new Promise<void>((closed) => server.close(() => closed()));
      await rm(root, { recursive: true, force: true });
    },
  };
}

const pathOf = (request: IncomingMessage): string => (request.url ?? '').slice(prefix.length);

const resultOf = (what: string, said: string): Invoked =>
  what === 'response'
    ? { answer: JSON.parse(said) as unknown }
    : { error: JSON.parse(said) as { errorType: string; errorMessage: string } };

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  return text;
}

async function unpack(root: string, files: readonly ZipEntry[]): Promise<void> {
  for (const { name, bytes } of files) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), bytes, { mode: 0o444 });
  }
}

interface Start {
  readonly root: string;
  readonly handler: string;
  readonly env: Readonly<Record<string, string>>;
  readonly api: string;
}

/** Nothing of this process's environment: what the package needs must be in it. */
function startProcess({ root, handler, env, api }: Start): ChildProcess {
  return spawn(process.execPath, [managedRuntime], {
    cwd: root,
    env: {
      ...{ AWS_LAMBDA_RUNTIME_API: api, LAMBDA_TASK_ROOT: root, _HANDLER: handler, AWS_REGION: 'eu-central-1' },
      ...{ AWS_LAMBDA_FUNCTION_NAME: 'front-door', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '512', NODE_NO_WARNINGS: '1' },
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise<void>((done) => child.once('exit', () => done()));
  child.kill('SIGKILL');
  await exit;
}

/**
 * The official CloudEvents SDKs of Python and Go as processes of their own: real senders, and real receivers. What they need
 * is obtained once, by pip and by Go's module proxy, into Tidegate's cache; its versions and checksums are fixed here.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from '../../../infra/lab/binaries/cache.ts';
import { runCommand } from '../../../infra/lab/binaries/command.ts';

export type Language = 'go' | 'python';

/** What an SDK reads and writes: a CloudEvent in JSON. */
export type StructuredEvent = Readonly<Record<string, unknown>>;

export type Order =
  | { readonly mode: 'binary' | 'structured'; readonly event: StructuredEvent }
  | { readonly mode: 'batch'; readonly events: readonly StructuredEvent[] };

export interface SentAnswer {
  readonly status: number;
  readonly body: string;
}

export interface SdkReceiver {
  readonly url: string;
  /** In the order of their arrival, as the SDK understood them. */
  readonly received: readonly StructuredEvent[];
  stop(): Promise<void>;
}

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const here = fileURLToPath(new URL('.', import.meta.url));
/** Their wheels; with --no-deps and these sums pip can get nothing else. */
const requirements = [
  'cloudevents==2.2.0 --hash=sha256:9ff8adff01b997d251d0fb54076557daa9906330e16afc1712a6447122f8f7a4',
  'python-dateutil==2.9.0.post0 --hash=sha256:a8b2bc7bffae282281c8140a97d3aa9c14da0b136dfe83f850eea9a5f7470427',
  'six==1.17.0 --hash=sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274',
];
const pythonSet = 'cloudevents-2.2.0-1';
const goVersion = '2.16.2-1';

/** Gets the events sent, one after the other, by the SDK of that language. */
export async function sendBySdk(
  language: Language,
  { url, token, orders }: { readonly url: string; readonly token: string; readonly orders: readonly Order[] },
): Promise<readonly SentAnswer[]> {
  const child = start(await programOf(language), ['send', url, token]);
  child.stdin.end(orders.map((order) => `${JSON.stringify(order)}\n`).join(''));
  const answers: SentAnswer[] = [];
  for await (const line of createInterface({ input: child.stdout })) answers.push(JSON.parse(line) as SentAnswer);
  return answers;
}

export async function receiveBySdk(language: Language): Promise<SdkReceiver> {
  const child = start(await programOf(language), ['receive']);
  const received: StructuredEvent[] = [];
  const url = await new Promise<string>((listening, failed) => {
    child.once('exit', (code) => failed(new Error(`the receiver in ${language} has ended: ${code}`)));
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = JSON.parse(line) as StructuredEvent;
      if ('port' in said) listening(`http://127.0.0.1:${String(said['port'])}/`);
      else received.push(said);
    });
  });
  return {
    url,
    received,
    stop: async () => {
      const exit = new Promise<void>((done) => child.once('exit', () => done()));
      child.kill('SIGKILL');
      await exit;
    },
  };
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

const start = ({ command, args, env }: Program, more: readonly string[]): Child =>
  spawn(command, [...args, ...more], { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });

/** Minutes at the first time, nothing afterwards. */
async function programOf(language: Language): Promise<Program> {
  if (language === 'go') return { command: await goProgram(), args: [], env: {} };
  return { command: 'python3', args: [join(here, 'client.py')], env: { PYTHONPATH: await pythonPackages() } };
}

const goProgram = (): Promise<string> =>
  obtained(join('bin', `cloudevents-interop-${goVersion}`), (target) =>
    runCommand('go', ['build', '-o', target, '.'], {
      cwd: join(here, 'go'),
      fix: 'check that the Go module proxy can be reached (`go env GOPROXY`)',
      onLine: () => undefined,
    }),
  );

const pythonPackages = (): Promise<string> =>
  obtained(join('python', pythonSet), async (target) => {
    await mkdir(target);
    await writeFile(join(target, 'requirements.txt'), `${requirements.join('\n')}\n`);
    const quiet = ['--quiet', '--disable-pip-version-check', '--no-input', '--root-user-action=ignore'];
    const only = ['--no-deps', '--only-binary=:all:', '--require-hashes', '--target', target, '-r', 'requirements.txt'];
    await runCommand('python3', ['-m', 'pip', 'install', ...quiet, ...only], {
      cwd: target,
      fix: 'check that pip can install packages (`python3 -m pip config list`)',
      onLine: () => undefined,
    });
  });

/** Whole or not there: it is made beside its place. */
async function obtained(name: string, make: (target: string) => Promise<void>): Promise<string> {
  const target = join(cacheDirectory(process.env), name);
  if (existsSync(target)) return target;
  await mkdir(join(target, '..'), { recursive: true });
  const work = await mkdtemp(`${target}-`);
  try {
    await make(join(work, 'made'));
    await rename(join(work, 'made'), target);
    return target;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** A stock Envoy that runs what Cilium made of a rendered route, with one HTTP backend per subset on loopback. */
import { spawn } from 'node:child_process';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Weight } from '../../../core/routing/record.ts';
import { assertEventually } from '../../support/eventually.ts';
import { routesFile, stockBootstrap, type ParsedResources } from './cilium-and-envoy.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What a backend saw: its subset and the request. */
export interface Seen {
  readonly subset: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface RunningEnvoy {
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** One counter or gauge of a cluster by its stat name. */
  stat(statName: string, stat: string): Promise<number>;
  /** All of its metrics, as Prometheus scrapes them. */
  prometheus(): Promise<string>;
  /** Puts these routes in the place of those before; they are in force when it returns. */
  reroute(parsed: ParsedResources): Promise<void>;
  readonly port: number;
  close(): Promise<void>;
}

const listening = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.closeAllConnections();
    server.close(() => resolve());
  });

const freePort = async (): Promise<number> => {
  const server = createServer();
  const port = await listening(server);
  await closed(server);
  return port;
};

const backend = (subset: string): Server =>
  createServer(({ url, headers }, response) => {
    response.writeHead(200, { server: 'the-app', 'x-app': '1' }).end(JSON.stringify({ subset, url, headers }));
  }).on('upgrade', (_, socket) => {
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello');
  });

const fetchFrom = (
  agent: Agent,
  port: number,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    request({ agent, host: '127.0.0.1', port, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString(),
        }),
      );
    })
      .on('error', reject)
      .end();
  });

export interface RunInput {
  readonly binary: string;
  readonly parsed: ParsedResources;
  readonly weights: readonly Weight[];
  /** EDS service name of a subset. */
  readonly endpointsName: (subset: string) => string;
}

/** With a backend of ours for each subset. */
export const runEnvoy = async ({ binary, parsed, weights, endpointsName }: RunInput): Promise<RunningEnvoy> => {
  const backends = weights.map(({ name }) => ({ name, server: backend(name) }));
  const endpoints: Record<string, number[]> = {};
  for (const { name, server } of backends) endpoints[endpointsName(name)] = [await listening(server)];
  const closeBackends = async (): Promise<void> => {
    await Promise.all(backends.map(({ server }) => closed(server)));
  };
  try {
    const envoy = await startEnvoy({ binary, parsed, endpoints });
    return { ...envoy, close: () => envoy.close().then(closeBackends) };
  } catch (error) {
    await closeBackends();
    throw error;
  }
};

interface StartInput {
  readonly binary: string;
  readonly parsed: ParsedResources;
  /** Loopback ports by EDS service name. */
  readonly endpoints: Readonly<Record<string, readonly number[]>>;
}

export const startEnvoy = async ({ binary, parsed, endpoints }: StartInput): Promise<RunningEnvoy> => {
  const directory = mkdtempSync(join(tmpdir(), 'tidegate-envoy-'));
  const [port, adminPort] = [await freePort(), await freePort()];
  const config = join(directory, 'envoy.json');
  const live = join(directory, 'routes.json');
  writeFileSync(
    config,
    JSON.stringify(stockBootstrap(parsed, { listenerPort: port, adminPort, directory, endpoints, live })),
  );
  const envoy = spawn(binary, ['-c', config, '--log-level', 'error', '--use-dynamic-base-id', '--concurrency', '1'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const admin = (path: string): Promise<Answer> => fetchFrom(agent, adminPort, path, {});
  const close = async (): Promise<void> => {
    const ended = new Promise((resolve) => envoy.once('exit', resolve));
    if (envoy.exitCode === null && envoy.kill('SIGKILL')) await ended;
    agent.destroy();
    rmSync(directory, { recursive: true });
  };
  const statOf = async (filter: string): Promise<number> => {
    const { body } = await admin(`/stats?filter=${encodeURIComponent(filter)}`);
    return Number(body.split(': ')[1]?.split('\n')[0] ?? NaN);
  };
  try {
    await assertEventually(async () => {
      if ((await admin('/ready')).status !== 200) throw new Error('Envoy is not ready');
    });
  } catch (error) {
    await close();
    throw error;
  }
  let version = 0;
  const reroute = async ({ routes }: ParsedResources): Promise<void> => {
    version += 1;
    // Envoy watches for a file that takes the place of another.
    writeFileSync(`${live}.new`, routesFile(Object.values(routes)[0] ?? {}, version));
    renameSync(`${live}.new`, live);
    await assertEventually(async () => {
      const { body } = await admin('/stats?type=TextReadouts&filter=rds.*version_text');
      if (!body.includes(`version_text: "${String(version)}"`)) throw new Error(`routes are not in force: ${body}`);
    });
  };
  return {
    port,
    close,
    reroute,
    get: (path, headers = {}) => fetchFrom(agent, port, path, headers),
    stat: (statName, stat) => statOf(`^cluster\\.${statName}\\.${stat}$`),
    prometheus: async () => (await admin('/stats/prometheus')).body,
  };
};

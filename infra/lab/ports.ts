import { createServer, type Server } from 'node:net';

/** Below the range that Linux gives to outgoing connections, so that a server finds its port again after a restart. */
const lowest = 12_000;
const highest = 32_000;
/** What this process has given away, used or not yet. */
const given = new Set<number>();

/** Free TCP ports of 127.0.0.1, each different from all that this process got before. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest));
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server: Server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

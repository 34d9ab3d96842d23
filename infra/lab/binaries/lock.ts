import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { setTimeout } from 'node:timers/promises';

const retryMs = 500;
const reportEveryMs = 10_000;

export interface LockOptions {
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Lets one process at a time obtain binaries into a cache directory. The lock is a listening socket in Linux' abstract
 * namespace: the kernel takes it away with its owner, so nothing has to be cleaned up after a crash.
 */
export async function lockCache(directory: string, options: LockOptions): Promise<() => Promise<void>> {
  const digest = createHash('sha256').update(directory).digest('hex').slice(0, 32);
  const address = `\0tidegate-cache-${digest}`;
  for (let waitedMs = 0; ; waitedMs += retryMs) {
    const server = await tryListen(address);
    if (server) return () => new Promise((resolve) => server.close(() => resolve()));
    if (waitedMs % reportEveryMs === 0) {
      options.report(`waiting for another process that obtains binaries into ${directory} (${waitedMs / 1000} s)`);
    }
    await setTimeout(retryMs, undefined, options.signal ? { signal: options.signal } : {});
  }
}

function tryListen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    server.listen(address, () => resolve(server.unref()));
  });
}

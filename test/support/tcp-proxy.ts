/** A proxy on loopback that can be cut: its connections end, and nobody listens until it is mended. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface TcpProxy {
  readonly address: string;
  cut(): Promise<void>;
  mend(): Promise<void>;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const [host = '', port = ''] = target.split(':');
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    // A peer that resets is what a cut looks like.
    return socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const listen = (at: number): Promise<Server> =>
    new Promise((resolve, reject) => {
      const server = createServer((near) => {
        const far = keep(connect(Number(port), host));
        keep(near).pipe(far).pipe(near);
        near.on('close', () => far.destroy());
        far.on('close', () => near.destroy());
      });
      server.once('error', reject).listen(at, '127.0.0.1', () => resolve(server));
    });
  let server = await listen(0);
  const { port: own } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${own}`,
    cut: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
    mend: async () => {
      server = await listen(own);
    },
  };
}

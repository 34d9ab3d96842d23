/** Sends bytes over a socket of its own and collects what comes back, whatever it is. */
import { connect, type Socket } from 'node:net';

export interface RawRequest {
  /** latin1: one character a byte. */
  readonly send: string;
  /** Sent once something came back, or when nothing has for a while. */
  readonly then?: string;
  /** The client says with the last byte that it will send nothing more. */
  readonly halfCloses?: boolean;
}

export interface RawAnswer {
  readonly text: string;
  /** The other side closed (or reset) the connection. */
  readonly closed: boolean;
}

/** After the last byte that was expected, ms: long enough to see a close or an answer too many on loopback. */
const AFTERWARDS_MS = 60;
/** An answer that has not come by then does not come, ms. */
const PATIENCE_MS = 1_500;

/** @param complete is everything there that was expected? */
export const exchange = (
  port: number,
  { send, then, halfCloses }: RawRequest,
  complete: (answer: RawAnswer) => boolean,
): Promise<RawAnswer> =>
  new Promise((resolve) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    let text = '';
    let closed = false;
    let rest = then;
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, closed });
    };
    const goOn = (): void => {
      if (rest === undefined) return end();
      socket.write(rest, 'latin1');
      rest = undefined;
      restart(PATIENCE_MS);
    };
    let timer = setTimeout(goOn, PATIENCE_MS);
    const restart = (ms: number): void => {
      clearTimeout(timer);
      timer = setTimeout(goOn, ms);
    };
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      if (rest !== undefined) return goOn();
      restart(complete({ text, closed }) ? AFTERWARDS_MS : PATIENCE_MS);
    });
    const over = (): void => {
      closed = true;
      end();
    };
    socket.on('end', over).on('error', over).on('close', over);
    socket.write(send, 'latin1');
    if (halfCloses === true) socket.end();
  });

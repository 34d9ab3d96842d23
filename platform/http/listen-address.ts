/** `HOST:PORT` to listen on. */
import { isIP } from 'node:net';
import { refuse } from '../../core/values/error.ts';

export interface ListenAddress {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
}

export const parseListenAddress = (written: string): ListenAddress => {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(written.trim()) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host !== undefined && port <= 65_535 && (bracketed === undefined || isIP(bracketed) === 6)) return { host, port };
  refuse(
    'Invalid',
    `${written} is not an address to listen on`,
    'write HOST:PORT, for example 127.0.0.1:4318, or [::1]:4318',
  );
};

/** An API server that is not where it was: made anew by its cloud, with another address or another authority. */
import type { Access } from './access/api-access.ts';

/** Nothing was sent: there was no connection, or its certificate was refused. Such a call may be made again. */
export function neverConnected(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code !== undefined && (unreached.includes(code) || /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(code));
}

const unreached = ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT'];

export const sameServer = (one: Access, other: Access): boolean =>
  one.server.href === other.server.href && String(one.tls.ca ?? '') === String(other.tls.ca ?? '');

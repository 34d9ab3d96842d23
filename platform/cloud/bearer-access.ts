/** Access by an address that a cloud told, and a token that it gives. */
import { TidegateError } from '../../core/values/error.ts';
import type { Access } from '../kube/access/api-access.ts';
import type { TokenCache } from './token-cache.ts';

export interface ApiAddress {
  /** `https://…`, with a path where there is one. */
  readonly server: string;
  /** PEM. Absent: the authorities that Node trusts. */
  readonly ca?: string | undefined;
}

/** @param cluster name of the cluster, for messages */
export function bearerAccess(cluster: string, { server, ca }: ApiAddress, tokens: TokenCache): Access {
  if (!URL.canParse(server) || new URL(server).protocol !== 'https:') {
    throw new TidegateError('Unavailable', `${cluster}: its cloud names no https address for the API server`, {
      fix: 'look at the state of the cluster there: it may still be in the making',
    });
  }
  return {
    server: new URL(server),
    tls: ca === undefined ? {} : { ca },
    mayMove: true,
    isCurrent: () => Promise.resolve(true),
    headers: async () => ({ Authorization: `Bearer ${await tokens.get()}` }),
    refused: ({ Authorization: sent }) => {
      if (typeof sent === 'string') tokens.refused(sent.replace(/^Bearer /, ''));
    },
  };
}

/** PEM out of the base64 that all clouds and kubeconfigs write; undefined when there is none. */
export const pemOf = (base64: unknown): string | undefined =>
  typeof base64 === 'string' && base64 !== '' ? Buffer.from(base64, 'base64').toString('utf8') : undefined;

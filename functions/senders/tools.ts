/** What senders authenticate with, in a process with an environment, files and a network. */
import { readFile } from 'node:fs/promises';
import { createTokenVerifier } from './auth/oidc.ts';
import { createSecretReader, type SecretPlaces } from './secrets.ts';
import type { SenderTools } from './sender.ts';

export const createSenderTools = ({ env, warn }: Pick<SecretPlaces, 'env' | 'warn'>): SenderTools => ({
  secrets: createSecretReader({ env, readFile: (path) => readFile(path, 'utf8'), warn }),
  verifyToken: createTokenVerifier({ fetch: (url, options) => fetch(url, options), nowMs: Date.now }),
});

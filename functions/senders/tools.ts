/** What senders authenticate with: secrets of this process, and the keys of issuers of identity tokens. */
import { secretPlaces } from '../../platform/secrets.ts';
import { createTokenVerifier } from './auth/oidc.ts';
import { createSecretReader } from './secrets.ts';
import type { SenderTools } from './sender.ts';

interface ToolPorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** ms since the epoch. */
  readonly now: () => number;
  readonly warn: (what: string) => void;
}

export const createSenderTools = ({ env, now, warn }: ToolPorts): SenderTools => ({
  secrets: createSecretReader({ ...secretPlaces(env), warn }),
  verifyToken: createTokenVerifier({ fetch: (url, options) => fetch(url, options), nowMs: now }),
});

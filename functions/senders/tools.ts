/** What senders authenticate with. */
import { readFile } from 'node:fs/promises';
import type { SecretRef } from '../../core/config/events/types.ts';
import { TidegateError } from '../../core/values/error.ts';
import { HttpProblem } from '../../platform/http/problem.ts';
import type { SenderTools } from './sender.ts';

type Env = Readonly<Record<string, string | undefined>>;

export const createSenderTools = (env: Env): SenderTools => ({
  secrets: ({ secrets }) => Promise.all(secrets.map((ref) => readSecret(ref, env))),
  verifyToken: () => Promise.reject(new HttpProblem(401, 'identity tokens are not taken here')),
});

/** Anew each time: mounted secrets are rotated. */
async function readSecret(ref: SecretRef, env: Env): Promise<string> {
  const secret = 'env' in ref ? env[ref.env] : await readFile(ref.file, 'utf8').catch(() => undefined);
  if (secret !== undefined && secret.trim() !== '') return secret.trim();
  const place = 'env' in ref ? `environment variable ${ref.env}` : `file ${ref.file}`;
  throw new TidegateError('Unavailable', `the ${place} has no secret`, { fix: 'set it for the front door' });
}

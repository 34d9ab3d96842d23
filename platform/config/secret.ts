/** The value behind a SecretRef, read anew each time: a secret that is replaced counts from then on. */
import { readFile } from 'node:fs/promises';
import type { SecretRef } from '../../core/config/events/types.ts';
import { TidegateError } from '../../core/values/error.ts';

/** @throws TidegateError Unavailable: it may be put there any time */
export async function readSecret(ref: SecretRef, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  const value = 'env' in ref ? (env[ref.env] ?? '') : await readText(ref.file);
  const secret = value.trim();
  if (secret !== '') return secret;
  const place = 'env' in ref ? `the environment variable ${ref.env}` : `the file ${ref.file}`;
  throw new TidegateError('Unavailable', `${place}, which holds a secret of the config, is empty or not there`, {
    fix: 'put the secret there, or name another place in the config',
  });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw new TidegateError('Unavailable', `the file ${path}, which holds a secret of the config, cannot be read`, {
      fix: 'let the process read it',
      cause: error,
    });
  }
}

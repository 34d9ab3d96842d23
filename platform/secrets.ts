/** Values of secrets that a config names. They are read anew each time, since files are rotated under a running process. */
import { readFile } from 'node:fs/promises';
import type { SecretRef } from '../core/config/events/types.ts';
import { TidegateError } from '../core/values/error.ts';

/** Values of the places that have one, in their order. Errors name the places and never a value. */
export type ReadSecrets = (refs: readonly SecretRef[]) => Promise<readonly string[]>;

/** @throws TidegateError Unavailable: no place has a value; another worker may be able to read it. */
export function createSecretReader(env: Readonly<Record<string, string | undefined>>): ReadSecrets {
  return async (refs) => {
    const values = await Promise.all(refs.map((ref) => valueOf(ref, env)));
    const found = values.filter((value) => value !== '');
    if (found.length > 0) return found;
    const places = refs.map((ref) => ('env' in ref ? `environment variable ${ref.env}` : `file ${ref.file}`));
    throw new TidegateError('Unavailable', `there is no secret in ${places.join(', nor in ')}`, {
      fix: 'give this process that variable or file',
    });
  };
}

async function valueOf(ref: SecretRef, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  if ('env' in ref) return env[ref.env] ?? '';
  try {
    // Editors and manifests leave a line end behind.
    return (await readFile(ref.file, 'utf8')).trim();
  } catch {
    // The other one may be there: one of two is missing while they are replaced. The caller names both if neither is.
    return '';
  }
}

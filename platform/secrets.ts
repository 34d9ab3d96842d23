/** Values of secrets that a config names. They are read anew each time, since files are rotated under a running process. */
import { readFile } from 'node:fs/promises';
import type { SecretRef } from '../core/config/events/types.ts';
import { TidegateError } from '../core/values/error.ts';

export interface SecretPlaces {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => Promise<string>;
}

/** The place of this process's own secrets. */
export const secretPlaces = (env: SecretPlaces['env']): SecretPlaces => ({
  env,
  readFile: (path) => readFile(path, 'utf8'),
});

/** Values of the places that have one, in their order. Errors name the places and never a value. */
export type ReadSecrets = (refs: readonly SecretRef[]) => Promise<readonly string[]>;

/** @throws TidegateError Unavailable: no place has a value; another worker may be able to read it. */
export function createSecretReader(env: SecretPlaces['env']): ReadSecrets {
  const places = secretPlaces(env);
  return async (refs) => {
    const { values, faults } = await readSecrets(refs, places);
    // One of two may be missing while they are replaced.
    if (values.length > 0) return values;
    throw new TidegateError('Unavailable', `there is no secret: ${faults.join(', and ')}`, {
      fix: 'give this process that variable or file',
    });
  };
}

/** Faults: why a place has no value, each by the name of the place. */
export async function readSecrets(
  refs: readonly SecretRef[],
  places: SecretPlaces,
): Promise<{ readonly values: readonly string[]; readonly faults: readonly string[] }> {
  const read = await Promise.all(refs.map((ref) => readSecret(ref, places)));
  return {
    values: read.flatMap((one) => ('value' in one ? [one.value] : [])),
    faults: read.flatMap((one) => ('fault' in one ? [one.fault] : [])),
  };
}

async function readSecret(ref: SecretRef, places: SecretPlaces): Promise<{ value: string } | { fault: string }> {
  if ('env' in ref) {
    const value = places.env[ref.env] ?? '';
    return value === '' ? { fault: `the environment variable ${ref.env} is not set` } : { value };
  }
  try {
    // Editors and Kubernetes manifests leave a line end behind.
    const value = (await places.readFile(ref.file)).trim();
    return value === '' ? { fault: `the file ${ref.file} is empty` } : { value };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return { fault: `the file ${ref.file} cannot be read${code}` };
  }
}

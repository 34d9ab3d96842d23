/** SDKs of clouds are optional: whoever has no cluster there neither installs nor loads them. */
import { TidegateError } from '../../core/values/error.ts';

export interface NeededPackages {
  /** Of the cluster, for messages. */
  readonly cluster: string;
  /** As in `access`. */
  readonly way: string;
  readonly packages: readonly string[];
}

export async function loadPackages<T>(load: () => Promise<T>, { cluster, way, packages }: NeededPackages): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
    // Another worker may have them.
    throw new TidegateError('Unavailable', `${cluster}: access by ${way} needs packages that are not installed here`, {
      fix: `npm install ${packages.join(' ')}`,
    });
  }
}

/** When files are written anew: certificates are rotated under the same name, and nobody tells a worker. */
import { stat } from 'node:fs/promises';

/** Of each file what changes when it is written or replaced; '' while there is none. Contents are not read. */
export const fileStamps = (paths: readonly string[]): Promise<readonly string[]> =>
  Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
        () => '',
      ),
    ),
  );

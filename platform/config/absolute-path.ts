import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** A path as config writes it: `~/` is the home of whoever runs Tidegate, and what is relative starts at `folder`. */
export const absolutePath = (path: string, folder: string): string =>
  path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(folder, path);

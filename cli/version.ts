/** The version of this package, as its package.json has it: one folder up in a clone, two in what npm installs (dist). */
import { readFileSync } from 'node:fs';

export function packageVersion(): string {
  const [here, above] = ['../package.json', '../../package.json'].map((path) => new URL(path, import.meta.url));
  const text = readOrUndefined(here) ?? readOrUndefined(above) ?? '{}';
  const { version = 'unknown' } = JSON.parse(text) as { version?: string };
  return version;
}

function readOrUndefined(file: URL | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

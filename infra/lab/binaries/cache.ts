import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { catalogue, type BinaryName, type ModuleSource } from './catalogue.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Tidegate's cache: $TIDEGATE_CACHE, else `tidegate` in $XDG_CACHE_HOME or ~/.cache. */
export function cacheDirectory(env: Environment): string {
  return env.TIDEGATE_CACHE || join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'tidegate');
}

export function moduleDirectory(source: ModuleSource): string {
  return fileURLToPath(new URL(`../${source.module}`, import.meta.url));
}

/** Where a binary of this version, and of these sources if they are ours, is kept. An edit gives another path. */
export function cachedPath(name: BinaryName, env: Environment): string {
  const { source, version } = catalogue[name];
  const key = source.kind === 'module' ? `${version}-${sourceDigest(source)}` : version;
  return join(cacheDirectory(env), 'bin', `${name}-${key}`);
}

function sourceDigest(source: ModuleSource): string {
  const root = moduleDirectory(source);
  const files = ['go.mod', 'go.sum', ...source.sources].flatMap((path) => filesBelow(root, path)).sort();
  const digest = createHash('sha256').update(`${source.package}\n${source.ldflags}\n`);
  for (const file of files)
    digest
      .update(`${file}\n`)
      .update(readFileSync(join(root, file)))
      .update('\n');
  return digest.digest('hex').slice(0, 12);
}

function filesBelow(root: string, path: string): string[] {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (!stat) return []; // a module without requirements has no go.sum
  if (!stat.isDirectory()) return [path];
  return readdirSync(join(root, path)).flatMap((entry) => filesBelow(root, join(path, entry)));
}

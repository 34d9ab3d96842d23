/**
 * The workflow bundle of this clone's code, made once for all test files: Webpack takes five seconds of a core for it, and
 * two dozen files want it. Kept in node_modules/.cache under the digest of every file that could be in it.
 */
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorkflows } from '../../worker/workers.ts';

const SOURCES = ['workflows', 'core', 'activities', 'worker', 'package-lock.json', 'package.json'];
const CACHE = 'node_modules/.cache/tidegate-workflows';

export async function workflowBundleOf(entry: 'index' | 'versioned' = 'index'): Promise<WorkflowBundleWithSourceMap> {
  const digest = await digestOf(SOURCES);
  const file = join(CACHE, `${entry}-${digest}.js`);
  const kept = await readFile(file, 'utf8').catch(() => undefined);
  // Temporal uses the code alone.
  if (kept !== undefined) return { code: kept, sourceMap: '' };
  const made = await bundleWorkflows(entry);
  await mkdir(CACHE, { recursive: true });
  // Two files may make it at once: whoever is last puts the same in its place.
  const own = `${file}.${String(process.pid)}`;
  await writeFile(own, made.code);
  await rename(own, file);
  const older = (await readdir(CACHE)).filter((name) => !name.includes(digest));
  await Promise.all(older.map((name) => rm(join(CACHE, name), { force: true })));
  return made;
}

async function digestOf(paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const path of paths) {
    const inside = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined);
    const files = inside?.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name)) ?? [path];
    for (const file of files.sort()) hash.update(file).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 24);
}

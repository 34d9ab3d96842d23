/**
 * The workflows as one script, which a worker needs to run them. Bundling takes two seconds and some 200 MiB, which a
 * process keeps: a published Tidegate has the bundle ready made, and a clone makes it in a process that ends.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { WorkflowBundle } from '@temporalio/worker';

/** versioned: for workers with a build id. The workflows say which of them stay with it; Temporal takes that from no other. */
export type WorkflowEntry = 'index' | 'versioned';

/** Where `infra/build.ts` puts them: beside the folders of the published code. A clone has none there. */
const readyMade = (entry: WorkflowEntry): string =>
  fileURLToPath(new URL(`../workflow-bundle-${entry}.js`, import.meta.url));

/** Bytes; the bundle is 4 MB, source map included. */
const LARGEST = 64 * 1024 * 1024;

export async function workflowBundle(entry: WorkflowEntry): Promise<WorkflowBundle | { readonly codePath: string }> {
  const ready = readyMade(entry);
  if (existsSync(ready)) return { codePath: ready };
  const program = fileURLToPath(new URL(`./bundle-main${extname(import.meta.url)}`, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [program, entry], { maxBuffer: LARGEST });
  return { code: stdout };
}

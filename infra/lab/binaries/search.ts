import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { refuse } from '../../../core/values/error.ts';
import { cachedPath } from './cache.ts';
import { catalogue, environmentVariable, isAcceptable, type BinaryName } from './catalogue.ts';

/** A place where a binary may be, in the order of preference. */
export interface Candidate {
  readonly from: 'environment' | 'kubebuilder' | 'cache' | 'path';
  readonly path: string;
}

export interface SearchDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  isExecutable(path: string): boolean;
  /** What `PATH --version` prints; empty when it cannot be run. */
  versionOf(path: string): Promise<string>;
}

const kubebuilderAssets: readonly BinaryName[] = ['etcd', 'kube-apiserver'];

/** Where to look for a binary before it is obtained: the reader's own word first, then what is known, then $PATH. */
export function candidatesOf(name: BinaryName, env: SearchDeps['env']): readonly Candidate[] {
  const own = env[environmentVariable(name)];
  if (own) return [{ from: 'environment', path: resolve(own) }];
  const candidates: Candidate[] = [];
  if (env.KUBEBUILDER_ASSETS && kubebuilderAssets.includes(name)) {
    candidates.push({ from: 'kubebuilder', path: join(env.KUBEBUILDER_ASSETS, name) });
  }
  candidates.push({ from: 'cache', path: cachedPath(name, env) });
  if (catalogue[name].oldest) {
    const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
    candidates.push(...folders.map((folder): Candidate => ({ from: 'path', path: join(folder, name) })));
  }
  return candidates;
}

/** The first candidate that exists and is new enough; undefined: it has to be obtained. */
export async function findBinary(name: BinaryName, deps: SearchDeps): Promise<string | undefined> {
  for (const { from, path } of candidatesOf(name, deps.env)) {
    const executable = deps.isExecutable(path);
    if (from === 'environment') {
      if (executable) return path;
      const variable = environmentVariable(name);
      refuse(
        'Invalid',
        `${variable} names ${path}, which is not an executable file`,
        `set ${variable} to the path of ${name}, or unset it to let Tidegate find or obtain one`,
      );
    }
    if (!executable) continue;
    if (from === 'cache' || isAcceptable(name, await deps.versionOf(path))) return path;
  }
  return undefined;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

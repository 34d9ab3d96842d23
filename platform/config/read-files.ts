/** Config files as text: single files, or the *.yaml, *.yml and *.json files that lie directly in a folder. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { configLimits } from '../../core/config/defaults.ts';
import type { ConfigProblem } from '../../core/config/problem.ts';
import { type ConfigFile, tooLarge } from '../../core/config/source.ts';

/** Problems are about files that cannot be read; the others are returned. Sorted by path. */
export const readConfigFiles = async (
  paths: readonly string[],
): Promise<{ files: ConfigFile[]; problems: ConfigProblem[] }> => {
  const files: ConfigFile[] = [];
  const problems: ConfigProblem[] = [];
  for (const path of paths) {
    const found = await filesOf(path).catch((error: unknown) => unreadable(path, error));
    if ('reason' in found) {
      problems.push(found);
      continue;
    }
    // One more than allowed is enough for the parser to say so.
    for (const file of found.slice(0, configLimits.files + 1)) {
      if (files.some((known) => known.path === file)) continue;
      const text = await readText(file).catch((error: unknown) => unreadable(file, error));
      if (typeof text === 'string') files.push({ path: file, text });
      else problems.push(text);
    }
  }
  return { files, problems };
};

/** Throws when the file is missing, too large or not UTF-8. */
export const readText = async (path: string): Promise<string> => {
  const { size } = await stat(path);
  if (size > configLimits.bytesPerFile) throw new RangeError('too large');
  return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
};

/** The file itself, or the config files of a folder. Throws when it has none. */
export const filesOf = async (path: string): Promise<string[]> => {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /^[^.].*\.(ya?ml|json)$/.test(name)).sort();
  const files: string[] = [];
  for (const name of names) {
    // stat follows links: a mounted ConfigMap is a folder of links.
    if ((await stat(join(path, name))).isFile()) files.push(join(path, name));
  }
  if (files.length === 0) throw new Error('has no *.yaml, *.yml or *.json file');
  return files;
};

const unreadable = (path: string, error: unknown): ConfigProblem => {
  if (error instanceof RangeError) return tooLarge(path);
  const { code = '' } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOENT: 'there is no such file or folder',
    EACCES: 'may not be read',
    ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text',
  };
  const reason = reasons[code] ?? (error instanceof Error ? error.message : String(error));
  return { file: path, line: 1, path: '', reason, hint: 'name a config file, or a folder that holds some' };
};

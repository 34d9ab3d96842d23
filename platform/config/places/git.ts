/**
 * Config in a Git repository, at a revision. git itself fetches: it knows the credentials, and this process none. Nothing of
 * the repository is run (no hook, no filter, no submodule), and of its tree only plain files are taken, within bounds.
 */
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { GitPlace } from '../../../core/config/places/place.ts';
import { refuse, TidegateError } from '../../../core/values/error.ts';
import { readConfigFiles } from '../read-files.ts';
import type { PlacesRead } from './places-read.ts';

/** Of one command, ms. */
const GIT_TIMEOUT_MS = 30_000;
/** A branch or a tag is asked for again this long after it was, ms; a commit stays what it is. */
const ASK_EVERY_MS = 15_000;
/** Of the folder, with everything below it. */
const MOST_FILES = 2_000;
const MOST_BYTES = 20 * 1024 * 1024;

export interface Repositories {
  read(place: GitPlace): Promise<PlacesRead>;
}

interface CheckedOut {
  readonly folder: string;
  readonly commit: string;
  /** Of a clock that is never set, ms. */
  readonly atMs: number;
}

export function createRepositories(): Repositories {
  const known = new Map<string, Repository>();
  return {
    async read(place) {
      const key = JSON.stringify(place);
      const repository = known.get(key) ?? createRepository(place);
      known.set(key, repository);
      try {
        const { folder, commit } = await repository();
        const read = await readConfigFiles([folder]);
        const origin = { kind: 'git', url: place.url, commit } as const;
        return { ...read, origins: new Map(read.files.map(({ path }) => [path, origin])) };
      } catch (error) {
        if (!(error instanceof TidegateError)) throw error;
        const problem = { file: place.url, line: 0, path: '', reason: error.message, hint: error.fix };
        return { files: [], problems: [problem], origins: new Map(), unreached: error };
      }
    },
  };
}

/** What is there now, or was a short time ago. */
type Repository = () => Promise<CheckedOut>;

/** One question at a time, for all who ask: git locks its files, and a server that hangs is not asked by each of them. */
function createRepository(place: GitPlace): Repository {
  let home: Promise<string> | undefined;
  let latest: CheckedOut | undefined;
  let failed: { readonly error: unknown; readonly untilMs: number } | undefined;
  let asking: Promise<CheckedOut> | undefined;

  const ask = async (): Promise<CheckedOut> => {
    const sinceMs = performance.now();
    try {
      home ??= mkdtemp(join(tmpdir(), 'tidegate-git-')).then(removedAtExit);
      latest = await checkOut(place, { home: await home, before: latest });
      failed = undefined;
      return latest;
    } catch (error) {
      // Who waited long for nothing is not followed by others who do; a fault of a moment is tried again at once.
      const nowMs = performance.now();
      failed = { error, untilMs: nowMs + Math.min(nowMs - sinceMs, ASK_EVERY_MS) };
      throw error;
    }
  };

  return async () => {
    const nowMs = performance.now();
    const isFixed = latest?.commit === place.revision;
    if (latest !== undefined && (isFixed || nowMs - latest.atMs < ASK_EVERY_MS)) return latest;
    if (failed !== undefined && nowMs < failed.untilMs) throw failed.error;
    return (asking ??= ask().finally(() => (asking = undefined)));
  };
}

const homes = new Set<string>();

/** Commands end at any place; nothing of the folder is needed after. */
function removedAtExit(home: string): string {
  if (homes.size === 0)
    process.once('exit', () => homes.forEach((one) => rmSync(one, { recursive: true, force: true })));
  homes.add(home);
  return home;
}

interface Where {
  readonly home: string;
  readonly before: CheckedOut | undefined;
}

/** Fetches one commit, and writes what is in the folder beside those of other commits. */
async function checkOut(place: GitPlace, { home, before }: Where): Promise<CheckedOut> {
  const repository = join(home, 'repository');
  try {
    const commit = await fetched(place, repository);
    const found = { folder: join(home, commit, place.folder), commit, atMs: performance.now() };
    if (before?.commit !== commit) await writeOut(place, { repository, root: join(home, commit), commit });
    return found;
  } catch (error) {
    // A git that was killed leaves its locks there.
    await rm(repository, { recursive: true, force: true });
    throw error;
  }
}

/** Its commit. */
async function fetched(place: GitPlace, repository: string): Promise<string> {
  const { url, revision } = place;
  await git(place, ['init', '--quiet', '--bare', repository]);
  await git(place, [
    '-C',
    repository,
    'fetch',
    '--quiet',
    '--depth=1',
    '--no-tags',
    '--no-recurse-submodules',
    '--no-write-fetch-head',
    url,
    `+${revision}:refs/tidegate/config`,
  ]);
  return (await git(place, ['-C', repository, 'rev-parse', 'refs/tidegate/config^{commit}'])).toString().trim();
}

interface Into {
  readonly repository: string;
  readonly root: string;
  readonly commit: string;
}

/** The folder of a commit is whole, or is not there. */
async function writeOut(place: GitPlace, { repository, root, commit }: Into): Promise<void> {
  const blobs = blobsIn(place, (await git(place, ['-C', repository, 'ls-tree', '-r', '-l', '-z', commit])).toString());
  const asked = `${blobs.map(({ id }) => id).join('\n')}\n`;
  const texts = contentsIn(await git(place, ['-C', repository, 'cat-file', '--batch'], asked));
  const half = `${root}.half`;
  await rm(half, { recursive: true, force: true });
  for (const [i, { path }] of blobs.entries()) {
    await mkdir(dirname(join(half, path)), { recursive: true });
    await writeFile(join(half, path), texts[i] ?? '');
  }
  await mkdir(join(half, place.folder), { recursive: true });
  await rm(root, { recursive: true, force: true });
  await rename(half, root);
}

/** Of `cat-file --batch`: for each object a line with its id, type and size, its bytes, and an end of line. */
function contentsIn(answer: Buffer): Buffer[] {
  const contents: Buffer[] = [];
  for (let at = 0; at < answer.length;) {
    const end = answer.indexOf(0x0a, at);
    const size = Number(answer.subarray(at, end).toString().split(' ')[2]);
    contents.push(answer.subarray(end + 1, end + 1 + size));
    at = end + 1 + size + 1;
  }
  return contents;
}

interface Blob {
  readonly path: string;
  readonly id: string;
}

/** Plain files that config can name, below the folder. Links and submodules are passed over. */
function blobsIn({ url, folder }: GitPlace, listed: string): Blob[] {
  const below = folder === '' ? '' : `${folder}/`;
  let bytes = 0;
  const blobs = listed.split('\0').flatMap((line): Blob[] => {
    const [, id = '', size = '', path = ''] = /^100(?:644|755) blob ([0-9a-f]+) +(\d+)\t([\s\S]*)$/.exec(line) ?? [];
    const isSafe = path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
    if (!isSafe || !path.startsWith(below) || !/\.(?:ya?ml|json)$/.test(path)) return [];
    bytes += Number(size);
    return [{ path, id }];
  });
  if (blobs.length <= MOST_FILES && bytes <= MOST_BYTES) return blobs;
  return refuse(
    'Invalid',
    `${url} has more than ${String(MOST_FILES)} files, or ${String(MOST_BYTES)} bytes, of YAML and JSON there`,
    'name the folder of the config: git+URL@REVISION:FOLDER',
  );
}

/** Nobody sits here to be asked; hooks of a template would be run, and helpers of odd transports. */
const settings = [
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'protocol.ext.allow=never',
  '-c',
  'init.templateDir=',
  '-c',
  'gc.auto=0',
];

/** @param input given on stdin */
function git({ url, revision }: GitPlace, words: readonly string[], input = ''): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const env = {
      ...process.env,
      GIT_TERMINAL_PROMPT: '0',
      // A server may not send a question on to a way that is not sealed.
      GIT_ALLOW_PROTOCOL: process.env['GIT_ALLOW_PROTOCOL'] ?? 'https:ssh:file',
      GIT_SSH_COMMAND: process.env['GIT_SSH_COMMAND'] ?? 'ssh -o BatchMode=yes',
      LC_ALL: 'C',
    };
    const options = {
      env,
      timeout: GIT_TIMEOUT_MS,
      maxBuffer: MOST_BYTES + MOST_FILES * 100,
      encoding: 'buffer' as const,
    };
    const child = execFile('git', [...settings, ...words], options, (error, stdout) => {
      if (error === null) return resolve(stdout);
      // What git says may repeat an address with what a helper has put into it.
      const why =
        (error as NodeJS.ErrnoException).code === 'ENOENT'
          ? 'there is no git here'
          : error.killed === true
            ? 'no answer in time'
            : 'git has failed';
      const fix = 'try it by hand where the worker runs: git ls-remote URL REVISION';
      return reject(new TidegateError('Unavailable', `${url} cannot be read at ${revision}: ${why}`, { fix }));
    });
    // It may have ended before it has read this.
    child.stdin?.on('error', () => undefined).end(input);
  });
}

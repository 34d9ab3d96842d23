/**
 * Config in a Git repository, at a revision. git itself fetches: it knows the credentials, and this process none. Nothing of
 * the repository is run (no hook, no filter, no submodule), and of its tree only plain files are taken, within bounds.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
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
  let home: Promise<string> | undefined;
  let latest: CheckedOut | undefined;

  const current = async (place: GitPlace): Promise<CheckedOut> => {
    const isFixed = latest?.commit === place.revision;
    if (latest !== undefined && (isFixed || performance.now() - latest.atMs < ASK_EVERY_MS)) return latest;
    home ??= mkdtemp(join(tmpdir(), 'tidegate-git-'));
    latest = await checkOut(place, { home: await home, before: latest });
    return latest;
  };

  return {
    async read(place) {
      try {
        const { folder, commit } = await current(place);
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

interface Where {
  readonly home: string;
  readonly before: CheckedOut | undefined;
}

/** Fetches one commit, and writes what is in the folder beside those of other commits. */
async function checkOut(place: GitPlace, { home, before }: Where): Promise<CheckedOut> {
  const { url, revision, folder } = place;
  const repository = join(home, 'repository');
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
  const commit = (await git(place, ['-C', repository, 'rev-parse', 'refs/tidegate/config^{commit}'])).toString().trim();
  const root = join(home, commit);
  const found = { folder: join(root, folder), commit, atMs: performance.now() };
  if (before?.commit === commit) return found;
  const blobs = blobsIn(place, (await git(place, ['-C', repository, 'ls-tree', '-r', '-l', '-z', commit])).toString());
  const asked = `${blobs.map(({ id }) => id).join('\n')}\n`;
  const texts = contentsIn(await git(place, ['-C', repository, 'cat-file', '--batch'], asked));
  for (const [i, { path }] of blobs.entries()) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), texts[i] ?? '');
  }
  await mkdir(found.folder, { recursive: true });
  return found;
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

/**
 * Config, parsed: read at every call, and parsed and checked only where a text has changed since the last one. Texts
 * are compared, and not times or sizes: what the same texts gave is right, however they got there.
 */
import { checkEach } from '../../core/config/hub/check-each.ts';
import type { HubObject } from '../../core/config/hub/object.ts';
import { checkConfig, readConfig, type ParsedConfig } from '../../core/config/parse.ts';
import type { CheckedConfig } from '../../core/config/resolve.ts';
import { sortedProblems } from '../../core/config/problem.ts';
import type { ConfigFile } from '../../core/config/source.ts';
import { present } from '../../core/values/json.ts';
import type { PlacesRead } from './places/places-read.ts';
import { readText } from './read-files.ts';
import type { FaultyConfig } from './way-back.ts';

/** What was parsed, and how to look at it again without what a check has corrected. */
export type ParsedFiles = ParsedConfig &
  Pick<FaultyConfig, 'read'> &
  Pick<PlacesRead, 'origins' | 'unreached'> & {
    /** Of a hub with faulty objects: what is right, without them. */
    readonly rest?: CheckedConfig;
    readonly objects?: readonly HubObject[];
  };

type Result = Omit<ParsedFiles, 'origins' | 'objects' | 'unreached'> & ParsedConfig;

interface Parsed {
  readonly files: readonly ConfigFile[];
  /** Of the templates that are not among the files, in the order of `elsewhere`; undefined: it cannot be read. */
  readonly texts: readonly (string | undefined)[];
  readonly elsewhere: readonly string[];
  readonly result: Result;
}

export function createParser(
  readPlaces: (paths: readonly string[]) => Promise<PlacesRead>,
): (paths: readonly string[]) => Promise<ParsedFiles> {
  let last: Parsed | undefined;

  const parseFiles = async ({ files, problems }: PlacesRead): Promise<Result> => {
    const known = last !== undefined && areSameFiles(last.files, files) ? last : undefined;
    const read = known ?? readConfig(files);
    const texts = await Promise.all(read.elsewhere.map((path) => readText(path).catch(() => undefined)));
    const again = { read: () => readConfig(files) };
    if (problems.length === 0 && known !== undefined && areSame(known.texts, texts)) return known.result;
    const templates = new Map(read.elsewhere.map((path, i) => [path, texts[i]]));
    const parsed = checkConfig('documents' in read ? read : readConfig(files), (path) => templates.get(path));
    if (problems.length > 0)
      return { ...again, ok: false, problems: sortedProblems([...problems, ...(parsed.ok ? [] : parsed.problems)]) };
    const result = { ...parsed, ...again };
    last = { files, texts, elsewhere: read.elsewhere, result };
    return result;
  };

  const parseObjects = (objects: readonly HubObject[]): Result => {
    if (last !== undefined && areSameFiles(last.files, objects)) return last.result;
    const again = { read: () => readConfig(readable(objects), objects.length) };
    const { config, problems } = checkEach(objects);
    const result: Result =
      problems.length === 0 ? { ...again, ok: true, config } : { ...again, ok: false, problems, rest: config };
    last = { files: objects, texts: [], elsewhere: [], result };
    return result;
  };

  return async (paths) => {
    const read = await readPlaces(paths);
    const { origins, objects, unreached } = read;
    const result = objects === undefined ? await parseFiles(read) : parseObjects(objects);
    return { ...result, origins, ...present({ objects, unreached }) };
  };
}

/** A Mesh with what only an object can have wrong looks right as a document, and names files that are not there. */
export const readable = (objects: readonly HubObject[]): readonly HubObject[] =>
  objects.filter(({ kind, problems }) => kind !== 'Mesh' || problems.length === 0);

const areSameFiles = (some: readonly ConfigFile[], others: readonly ConfigFile[]): boolean =>
  some.length === others.length &&
  some.every(({ path, text }, i) => path === others[i]?.path && text === others[i]?.text);

const areSame = (some: readonly unknown[], others: readonly unknown[]): boolean =>
  some.length === others.length && some.every((one, i) => one === others[i]);

/** Fields of payloads that somebody else defines. What is not there, or of another type, is said with its path. */
import { isRecord } from '../../core/values/json.ts';
import { HttpProblem } from '../../platform/http/problem.ts';

/** `push_data.tag` is a path; every part of it is a key. undefined = not there. */
export const at = (payload: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce<unknown>((value, key) => (isRecord(value) && Object.hasOwn(value, key) ? value[key] : undefined), payload);

/** '' = it is not there, or no text. */
export const textAt = (payload: unknown, path: string): string => {
  const value = at(payload, path);
  return typeof value === 'string' ? value : '';
};

/** @throws HttpProblem 400 naming the path */
export function neededText(payload: unknown, path: string): string {
  const value = textAt(payload, path);
  return value === '' ? missing(path, 'no text') : value;
}

/** @throws HttpProblem 400 naming the path */
export function neededList(payload: unknown, path: string): readonly unknown[] {
  const value = at(payload, path);
  if (!Array.isArray(value)) return missing(path, 'no list');
  if (value.length > MAX_ELEMENTS)
    throw new HttpProblem(
      413,
      `${path} has ${value.length} entries, and at most ${MAX_ELEMENTS} are read: send fewer at once`,
    );
  return value;
}

/** As many as a batch of CloudEvents may have: each may start workflows. */
const MAX_ELEMENTS = 1_000;

function missing(path: string, found: string): never {
  throw new HttpProblem(400, `${path} is ${found} in the body: is this the sender that the Sender document says?`);
}

/** Text of a time in RFC 3339; undefined = it is none, and the event goes without. */
export const timeOf = (written: string): string | undefined =>
  /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/.test(written) &&
  !Number.isNaN(Date.parse(written))
    ? written
    : undefined;

/** Seconds since 1970 as RFC 3339. */
export const timeOfSeconds = (seconds: unknown): string | undefined =>
  typeof seconds === 'number' && Number.isFinite(seconds) && Math.abs(seconds) < 1e11
    ? new Date(seconds * 1_000).toISOString()
    : undefined;

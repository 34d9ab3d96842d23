/** One value, one text: object keys sorted by code unit, no undefined, no space. Digests and annotations rely on it. */
import { sha256Hex } from './digest.ts';

const byCodeUnit = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : a > b ? 1 : 0);

/** The same JSON value with sorted keys and without undefined fields; undefined list items are null, as in JSON. */
export const canonical = <T>(value: T): T => {
  if (Array.isArray(value)) return value.map((item: unknown) => (item === undefined ? null : canonical(item))) as T;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries.sort(byCodeUnit).map(([key, field]) => [key, canonical(field)])) as T;
};

const write = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map((item: unknown) => write(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${entries
    .sort(byCodeUnit)
    .map(([key, field]) => `${JSON.stringify(key)}:${write(field)}`)
    .join(',')}}`;
};

/** Written here and not by JSON.stringify(canonical(…)): JavaScript moves keys like "2" to the front of any object. */
export const canonicalJson = (value: unknown): string => write(value);

/** SHA-256 of the canonical JSON, 64 hex digits. */
export const digestOf = (value: unknown): string => sha256Hex(canonicalJson(value));

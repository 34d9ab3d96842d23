/** JSON files of a lab: configs of its processes, and what is known of it while it runs. For their owner only. */
import { readFileSync, writeFileSync } from 'node:fs';

/** What we have written ourselves, so the shape is taken on trust. */
export const readJsonFile = <T>(path: string): T => JSON.parse(readFileSync(path, 'utf8')) as T;

export const writeJsonFile = (path: string, value: unknown): void =>
  writeFileSync(path, JSON.stringify(value, null, 2), { mode: 0o600 });

/**
 * Histories of real runs, per release: `histories/<release>/<workflow type>.jsonl`, one history a line. Those of 0.1.0 were
 * recorded in a lab, one a file. `unreleased` is recorded anew by `npm run record-histories`; a release renames it.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface RecordedHistory {
  /** Scenario, and what of it: `end-terminated/rollout/2`. Absent in those of 0.1.0. */
  readonly name?: string;
  readonly workflowId: string;
  /** As Temporal's JSON has it; payloads are not decoded. */
  readonly history: unknown;
}

export const historiesDir = new URL('./histories/', import.meta.url);

export const UNRELEASED = 'unreleased';

export const releases = (): string[] => readdirSync(historiesDir).toSorted();

/** Of one release, in the order of files and lines. */
export function readHistories(release: string): RecordedHistory[] {
  const dir = new URL(`${release}/`, historiesDir);
  return readdirSync(dir)
    .toSorted()
    .flatMap((file) => {
      const lines = readFileSync(new URL(file, dir), 'utf8').trimEnd().split('\n');
      return lines.map((line) => ({ name: file, ...(JSON.parse(line) as RecordedHistory) }));
    });
}

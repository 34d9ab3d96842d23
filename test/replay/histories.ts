/** Histories of real runs, recorded by record.ts. */
export interface RecordedHistory {
  readonly workflowId: string;
  /** As Temporal's JSON has it; payloads are not decoded. */
  readonly history: unknown;
}

export const historiesDir = new URL('./histories/', import.meta.url);

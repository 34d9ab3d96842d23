import type { Person } from '../core/values/person.ts';

/** What a command may touch, so that tests can run the CLI in-process. Results go to stdout, everything else to stderr. */
export interface Io {
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  /** Missing: nothing comes in. */
  readonly stdin?: AsyncIterable<Uint8Array>;
  /** Columns of the terminal; 0 when stdout is not one: plain lines then. */
  readonly columns: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** Exit codes of `tidegate`. */
export const exitCodes = { ok: 0, error: 1, badInput: 2, restored: 3, needsPerson: 4 } as const;

/** Whoever types here: nobody has checked it. */
export const claimedBy = ({ env }: Pick<Io, 'env'>): Person => ({ name: env['USER'] || 'somebody', how: 'claimed' });

/**
 * Every error that people see is a TidegateError: what happened, where (`cluster/namespace/kind/name`), why, and the
 * remedy (`fix`). `code` decides retries through `failureTypes`: one table for activities, workflows, CLI and docs.
 */

/** retry: does a later attempt have a chance? */
export const failureTypes = {
  Conflict: { retry: true, meaning: 'somebody else wrote the object between our read and our write' },
  Unavailable: { retry: true, meaning: 'a server cannot be reached or answers 5xx' },
  Throttled: { retry: true, meaning: 'a server asks us to come back later (429)' },
  NotYet: { retry: true, meaning: 'the world has not converged yet; nothing is wrong so far' },
  Invalid: { retry: false, meaning: 'an input, a config or an object is wrong and stays wrong' },
  Forbidden: { retry: false, meaning: 'the credentials may not do this' },
  FencedOut: { retry: false, meaning: 'a newer run owns this part of the record' },
  HalfMoved: { retry: false, meaning: 'a part has current traffic that differs from the proven one and no live run' },
  VersionExists: { retry: false, meaning: 'the version name is taken by another pod template' },
  Foreign: { retry: false, meaning: 'another manager or installation owns an object that we would write' },
  DeadlineExceeded: { retry: false, meaning: 'the progress deadline has passed' },
  Contradicted: {
    retry: false,
    meaning: 'the traffic does not fit the weights that were written, so the rollout goes back',
  },
  BeforeFailed: {
    retry: false,
    meaning: 'a Job before the first share has failed, so the rollout goes back',
  },
  WindowEnd: {
    retry: true,
    meaning: 'an attempt of a watch or a proof is over and the next one goes on; nothing is wrong',
  },
  Bug: { retry: false, meaning: "an error that nobody foresaw: report it with the worker's log" },
} as const satisfies Record<string, { retry: boolean; meaning: string }>;

export type FailureCode = keyof typeof failureTypes;

/** Answers to whoever asked for a change: nothing is wrong with us, and the reader can mend it by asking differently. */
const refusals: readonly string[] = ['Invalid', 'VersionExists', 'HalfMoved', 'Foreign', 'Conflict'];

export const isRefusal = (code: string | null | undefined): boolean => refusals.includes(code ?? '');

export class TidegateError extends Error {
  readonly code: FailureCode;
  /** The remedy: what the reader can do about it. Empty only for transient faults that are retried. */
  readonly fix: string;
  /** How long the server asked us to wait, in ms (Throttled, NotYet). */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: FailureCode,
    message: string,
    options: { fix?: string; cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TidegateError';
    this.code = code;
    this.fix = options.fix ?? '';
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** Ends what was asked for, because something is wrong that the reader of `fix` can put right. */
export function refuse(code: FailureCode, what: string, fix: string): never {
  throw new TidegateError(code, what, { fix });
}

/** Temporal cuts a failure at 4 KiB in its mutable state. */
const MESSAGE_MAX = 2_000;

/** Errors are built without secrets; this is the second fence, for errors of libraries. */
export const redacted = (text: string): string =>
  text
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 [redacted]')
    .replace(/\/\/[^\s/@]+@/g, '//[redacted]@')
    .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[redacted]')
    .replace(/-----BEGIN [^-]*-----[\s\S]*?(-----END [^-]*-----|$)/g, '[redacted]')
    .slice(0, MESSAGE_MAX);

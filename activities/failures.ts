/** TidegateError → Temporal failure, in one place. What reaches a history is the message and the fix, nothing else. */
import { ApplicationFailure, ApplicationFailureCategory, TemporalFailure } from '@temporalio/common';
import { TidegateError, failureTypes } from '../core/contract/errors.ts';

export function toFailure(error: unknown): Error {
  // Cancellation, and failures that an activity has already made.
  if (error instanceof TemporalFailure) return error;
  if (!(error instanceof TidegateError)) return bug(error);
  const { code, message, fix, retryAfterMs } = error;
  return ApplicationFailure.create({
    message: redacted(fix === '' ? message : `${message}. Fix: ${fix}`),
    type: code,
    nonRetryable: !failureTypes[code].retry,
    details: [{ fix }],
    ...(retryAfterMs === undefined ? {} : { nextRetryDelay: Math.min(retryAfterMs, LONGEST_DELAY_MS) }),
    ...(code === 'NotYet' ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
}

/** What a server may put a retry off for, ms: `Retry-After: 3600` of a proxy must not hold a way back for an hour. */
const LONGEST_DELAY_MS = 30_000;

/** An error that nobody foresaw is a fault of the program: a retry would repeat it. */
function bug(error: unknown): ApplicationFailure {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : typeof error;
  return ApplicationFailure.create({
    message: `bug in an activity: ${redacted(text)}`,
    type: 'Bug',
    nonRetryable: true,
    details: [{ fix: 'report it with the log of the worker' }],
  });
}

/** Temporal cuts a failure at 4 KiB in its mutable state. */
const MESSAGE_MAX = 2_000;

/** Errors are built without secrets; this is the second fence, for errors of libraries. */
const redacted = (text: string): string =>
  text
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, '$1 [redacted]')
    .replace(/\/\/[^\s/@]+@/g, '//[redacted]@')
    .replace(/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, '[redacted]')
    .replace(/-----BEGIN [^-]*-----[\s\S]*?(-----END [^-]*-----|$)/g, '[redacted]')
    .slice(0, MESSAGE_MAX);

type Activity = (input: never) => Promise<unknown>;

/** Every activity that a worker registers goes through this. */
export function withFailures<T extends { readonly [K in keyof T]: Activity }>(activities: T): T {
  const wrapped = Object.entries<Activity>(activities).map(([name, activity]) => [
    name,
    async (input: never) => {
      try {
        return await activity(input);
      } catch (error) {
        throw toFailure(error);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}

/**
 * TidegateError → Temporal failure, in one place. What reaches a history is the message and the fix, nothing else.
 * `asked`: somebody waits for the answer of this activity, so a refusal is told to them and not to the worker's log.
 */
import { ApplicationFailure, ApplicationFailureCategory, TemporalFailure } from '@temporalio/common';
import { TidegateError, failureTypes, isRefusal, redacted, type FailureCode } from '../core/values/error.ts';

export function toFailure(error: unknown, { asked = false } = {}): Error {
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
    ...(benign.includes(code) || (asked && isRefusal(code)) ? { category: ApplicationFailureCategory.BENIGN } : {}),
  });
}

/** Nothing is wrong: no alarm, and no line in the worker's log. */
const benign: readonly FailureCode[] = ['NotYet', 'WindowEnd'];

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

type Activity = (input: never) => Promise<unknown>;

/** Activities that only a start calls, before anything is written. */
const asked: readonly string[] = ['loadConfig', 'reactTo', 'chooseImage', 'resolveImage'];

/** Every activity that a worker registers goes through this. */
export function withFailures<T extends { readonly [K in keyof T]: Activity }>(activities: T): T {
  const wrapped = Object.entries<Activity>(activities).map(([name, activity]) => [
    name,
    async (input: never) => {
      try {
        return await activity(input);
      } catch (error) {
        throw toFailure(error, { asked: asked.includes(name) });
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}

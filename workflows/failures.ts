/** Errors of pure code become workflow failures here: a plain Error would only fail (and repeat) the workflow task. */
import {
  isCancellation,
  ActivityFailure,
  ApplicationFailure,
  ChildWorkflowFailure,
  ContinueAsNew,
  TimeoutFailure,
} from '@temporalio/workflow';
import { ApplicationFailureCategory } from '@temporalio/common';
import { TidegateError, isRefusal, redacted } from '../core/values/error.ts';

export function toWorkflowFailure(error: unknown): Error {
  // Neither is a failure of the workflow: it was told to stop, or goes on as a new run.
  if ((isCancellation(error) || error instanceof ContinueAsNew) && error instanceof Error) return error;
  if (error instanceof TidegateError) {
    return ApplicationFailure.create({
      message: redacted(error.message),
      type: error.code,
      nonRetryable: true,
      details: [{ fix: error.fix }],
    });
  }
  if (error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) {
    const { code, message } = describeFailure(error);
    return ApplicationFailure.create({ message, type: code, nonRetryable: true });
  }
  if (error instanceof ApplicationFailure) return error;
  const text = error instanceof Error ? error.message : String(error);
  return ApplicationFailure.create({
    message: `bug in a workflow: ${redacted(text)}`,
    type: 'Bug',
    nonRetryable: true,
  });
}

/** A refusal that is told to whoever asked: nobody needs an alarm or a line in the worker's log for it. */
export const asAnswer = (failure: Error): Error =>
  failure instanceof ApplicationFailure && isRefusal(failure.type)
    ? ApplicationFailure.create({
        ...{
          message: failure.message,
          type: failure.type ?? 'Invalid',
          nonRetryable: true,
          details: failure.details ?? [],
        },
        category: ApplicationFailureCategory.BENIGN,
      })
    : failure;

export const isAnswer = (failure: Error): boolean =>
  failure instanceof ApplicationFailure && failure.category === ApplicationFailureCategory.BENIGN;

/** The code and the words of a failed activity, whatever wraps them. */
export function describeFailure(error: unknown): { code: string; message: string } {
  if (error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) {
    const { cause } = error;
    if (cause instanceof ApplicationFailure) return { code: cause.type ?? 'Bug', message: cause.message };
    if (cause instanceof TimeoutFailure) {
      const last = cause.cause instanceof Error ? `; last: ${cause.cause.message}` : '';
      return { code: 'DeadlineExceeded', message: `${nameOf(error)} did not finish in time${last}` };
    }
    return { code: 'Unavailable', message: cause?.message ?? error.message };
  }
  // What the workflow itself refuses, between two activities.
  if (error instanceof ApplicationFailure) return { code: error.type ?? 'Bug', message: error.message };
  return { code: 'Bug', message: error instanceof Error ? error.message : String(error) };
}

const nameOf = (error: ActivityFailure | ChildWorkflowFailure): string =>
  error instanceof ActivityFailure ? error.activityType : error.workflowType;

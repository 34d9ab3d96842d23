import { describe, expect, it } from '@jest/globals';
import { ApplicationFailure, ContinueAsNew } from '@temporalio/workflow';
import { TidegateError } from '../../../core/values/error.ts';
import { toWorkflowFailure } from '../../../workflows/failures.ts';

describe('an error that ends a workflow', () => {
  it('is no bug when the workflow goes on as a new run: the settler does after 3 500 events', () => {
    const next = new ContinueAsNew({ workflowType: 'settle' });
    expect(toWorkflowFailure(next)).toBe(next);
  });

  it('of pure code becomes a failure of its code; a plain one only would repeat the task', () => {
    expect(toWorkflowFailure(new TidegateError('Invalid', 'no'))).toMatchObject({
      type: 'Invalid',
      nonRetryable: true,
    });
    expect(toWorkflowFailure(new RangeError('x'))).toBeInstanceOf(ApplicationFailure);
  });
});

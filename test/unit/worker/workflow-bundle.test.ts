import { describe, expect, it } from '@jest/globals';
import { workflowBundle } from '../../../worker/workflow-bundle.ts';
import { bundleWorkflows } from '../../../worker/workers.ts';

describe('the bundle of the workflows', () => {
  it.each(['index', 'versioned'] as const)(
    '%s is made in a process of its own, which takes the memory of the bundler with it, and is the same',
    async (entry) => {
      const [made, own] = [await workflowBundle(entry), await bundleWorkflows(entry)];
      expect('code' in made ? made.code : '').toBe(own.code);
    },
    60_000,
  );
});

/** Entry of a workflow bundle with a changed rollout, for workers of another build. */
import { setWorkflowOptions } from '@temporalio/workflow';
import { rollout } from './rollout.ts';

setWorkflowOptions({ versioningBehavior: 'PINNED' }, rollout);

export * from '../../../workflows/versioned.ts';
export { rollout };

/** Entry of a workflow bundle with a changed rollout, for workers of another build. */
import { setWorkflowOptions } from '@temporalio/workflow';
import { rollout } from './rollout.ts';

setWorkflowOptions({ versioningBehavior: 'PINNED' }, rollout);

export { rollout };
export {
  startRollout,
  retire,
  guard,
  settle,
  audit,
  pause,
  forgetCluster,
  next,
} from '../../../workflows/versioned.ts';

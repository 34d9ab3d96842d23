/** Entry of a workflow bundle with a changed rollout, for workers without a build id. */
export { rollout } from './rollout.ts';
export { startRollout, retire, guard, settle, audit, pause, forgetCluster, next } from '../../../workflows/index.ts';

/** Entry of a workflow bundle with a changed rollout, for workers without a build id. */
export * from '../../../workflows/index.ts';
export { rollout } from './rollout.ts';

/** Entry of the workflow bundle: every workflow that a worker offers. */
export { startRollout } from './start-rollout.ts';
export { rollout } from './rollout.ts';
export { retire } from './retire.ts';
export { guard } from './guard.ts';
export { settle } from './settle.ts';
export { next } from './next.ts';
export { audit } from './mesh/audit.ts';
export { pause } from './mesh/pause.ts';
export { deliver } from './deliver.ts';
export { forgetCluster } from './mesh/forget-cluster.ts';
export { drainCluster } from './drain-cluster.ts';
export { drillCluster } from './drain/drill-cluster.ts';
export { watchMesh } from './mesh/watch-mesh.ts';
export { handleEvent } from './handle-event.ts';

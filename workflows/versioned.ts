/**
 * Entry of the workflow bundle for workers with a build id: the same workflows, and which of them stay with the build that
 * began them. (Temporal refuses the marks from workers without one, so those take index.ts.)
 *
 * PINNED: every task of a run, and every activity, goes to workers of that build: changed code never replays half a rollout.
 * AUTO_UPGRADE: short ones, and ones whose code changes under `patched`: they go on with the current build, and hold no old
 * one back.
 */
import type { VersioningBehavior } from '@temporalio/common';
import { setWorkflowOptions } from '@temporalio/workflow';
import type { workflowNames } from '../core/contract/messages.ts';
import * as workflows from './index.ts';

const behaviors: Record<keyof typeof workflowNames, VersioningBehavior> = {
  rollout: 'PINNED',
  startRollout: 'AUTO_UPGRADE',
  guard: 'AUTO_UPGRADE',
  settle: 'AUTO_UPGRADE',
  audit: 'AUTO_UPGRADE',
  retire: 'AUTO_UPGRADE',
  pause: 'AUTO_UPGRADE',
  forgetCluster: 'AUTO_UPGRADE',
  drainCluster: 'AUTO_UPGRADE',
  drillCluster: 'AUTO_UPGRADE',
  watchMesh: 'AUTO_UPGRADE',
  next: 'AUTO_UPGRADE',
  handleEvent: 'AUTO_UPGRADE',
  deliver: 'AUTO_UPGRADE',
};

type AnyWorkflow = (input: never) => Promise<unknown>;

for (const [name, workflow] of Object.entries<AnyWorkflow>(workflows))
  setWorkflowOptions({ versioningBehavior: behaviors[name as keyof typeof behaviors] }, workflow);

export {
  audit,
  deliver,
  drainCluster,
  drillCluster,
  forgetCluster,
  guard,
  handleEvent,
  next,
  pause,
  retire,
  rollout,
  settle,
  startRollout,
  watchMesh,
} from './index.ts';

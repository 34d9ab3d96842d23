/** `tidegate rollout move | settle`: what a person does about a run that stands still. */
import type { Client } from '@temporalio/client';
import {
  STANDS_STILL_MS,
  unpolled,
  whyStuck,
  type OpenRun,
  type StuckRun,
  type Workers,
} from '../../core/rollout/builds.ts';
import { partFlag } from '../../core/routing/part.ts';
import { refuse } from '../../core/values/error.ts';
import { buildText, startText, stuckText } from '../../core/view/stuck-text.ts';
import { moveRun, readOpenRun } from '../../platform/temporal/open-runs.ts';
import { readWorkers } from '../../platform/temporal/workers.ts';
import { exitCodes, type Io } from '../io.ts';
import { auditNow } from './audit.ts';
import { handleOf, type RolloutIdentity } from './rollout.ts';

/** The run goes on with workers of that build, from its next task on. */
export async function moveNow(
  client: Client,
  io: Io,
  of: RolloutIdentity & { readonly buildId: string },
): Promise<number> {
  const { buildId, installation } = of;
  const [run, workers] = await Promise.all([openRunOf(client, of), readWorkers(client, installation)]);
  const missing = unpolled(workers, buildId, { nowMs: io.now() });
  if (missing.length > 0)
    refuse(
      'Invalid',
      `build ${buildId} could not go on with ${run.workflowId}: none of its workers polls ${missing.join(', ')}`,
      `start them: ${startText(buildId)}`,
    );
  await moveRun(client, run, { installation, buildId });
  io.stdout(`${run.workflowId} goes on with build ${buildId}${run.pinned === '' ? '' : ` (it was ${run.pinned}'s)`}\n`);
  return exitCodes.ok;
}

/** Ends a run that stands still, and follows the settler that puts back what it has moved. */
export async function settleNow(
  client: Client,
  io: Io,
  of: RolloutIdentity & { readonly yes: boolean },
): Promise<number> {
  const { mesh, namespace, service, installation, yes } = of;
  const [run, workers] = await Promise.all([openRunOf(client, of), readWorkers(client, installation)]);
  const stuck = stuckNow(run, { workers, nowMs: io.now() }) ?? refuseMoving(run, of);
  assertSettler(workers, io.now());
  const flag = flagOf(of);
  if (!yes)
    refuse(
      'Invalid',
      `${stuckText(stuck)}. It would be terminated where it stands; its guard wakes the settler, which puts current traffic back to the proven one in every cluster`,
      `to let it go on instead: tidegate rollout move ${service}${flag} --build-id BUILD. To end it: tidegate rollout settle ${service}${flag} --yes`,
    );
  await client.workflow.getHandle(run.workflowId, run.runId).terminate(`tidegate rollout settle: ${stuckText(stuck)}`);
  io.stdout(`${run.workflowId} is terminated: it stood still\n`);
  // Beside the guard: one of an older run may not be there.
  return auditNow(client, io, { mesh, namespace, service });
}

const flagOf = ({ part = 'versions' }: RolloutIdentity): string => partFlag(part);

async function openRunOf(client: Client, of: RolloutIdentity): Promise<OpenRun> {
  const { workflowId } = await handleOf(client, of);
  const run = await readOpenRun(client, { installation: of.installation, workflowId });
  if (run !== null) return run;
  refuse('Invalid', `${workflowId} is not running`, `what is left of it: tidegate audit ${of.service}`);
}

const stuckNow = (run: OpenRun, { workers, nowMs }: { workers: Workers; nowMs: number }): StuckRun | null =>
  whyStuck(run, workers, { nowMs, forMs: STANDS_STILL_MS });

function refuseMoving({ workflowId }: OpenRun, of: RolloutIdentity): never {
  refuse(
    'Invalid',
    `${workflowId} does not stand still: its workers poll, and its workflow task does not fail`,
    `it can go back by itself: tidegate rollout abort ${of.service}${flagOf(of)}`,
  );
}

/** Terminated, the run has nobody but the settler. */
function assertSettler(workers: Workers, nowMs: number): void {
  const missing = unpolled(workers, workers.current, { nowMs });
  if (missing.length === 0) return;
  refuse(
    'Unavailable',
    `no settler could put anything back: ${buildText(workers.current)} would run it, and none polls ${missing.join(', ')}`,
    `start one: ${startText(workers.current)}; or make another build the current one: tidegate worker promote BUILD`,
  );
}

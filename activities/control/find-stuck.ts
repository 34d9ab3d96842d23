/** findStuck: which runs stand still? Asked through the worker's own client. */
import { Context } from '@temporalio/activity';
import type { FindStuckInput, StuckRunOf } from '../../core/contract/activities.ts';
import { idSchemes } from '../../core/contract/installation.ts';
import { installationOn } from '../../core/contract/queues.ts';
import { rolloutWorkflowId } from '../../core/contract/workflow-ids.ts';
import { whyStuck } from '../../core/rollout/builds.ts';
import { parts } from '../../core/routing/part.ts';
import { TidegateError } from '../../core/values/error.ts';
import { readOpenRuns } from '../../platform/temporal/open-runs.ts';
import { readWorkers } from '../../platform/temporal/workers.ts';

export async function findStuck({ services, forMs }: FindStuckInput): Promise<readonly StuckRunOf[]> {
  const { client, info } = Context.current();
  const installation = installationOn(info.taskQueue);
  const owners = new Map(
    services.flatMap((service) =>
      parts.flatMap((part) =>
        idSchemes(installation).map(
          (scheme) => [rolloutWorkflowId(scheme, { ...service, part }), { service, part }] as const,
        ),
      ),
    ),
  );
  try {
    const [workers, runs] = await Promise.all([readWorkers(client, installation), readOpenRuns(client, installation)]);
    return runs.flatMap((run) => {
      const of = owners.get(run.workflowId);
      const stuck = of === undefined ? null : whyStuck(run, workers, { nowMs: Date.now(), forMs });
      return of === undefined || stuck === null ? [] : [{ ...stuck, ...of }];
    });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new TidegateError('Unavailable', `Temporal does not say which runs stand still: ${text}`, { cause: error });
  }
}

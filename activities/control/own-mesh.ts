/** Is a mesh this worker's? Queues and ids of workflows carry the installation, as the objects in the clusters do. */
import { Context } from '@temporalio/activity';
import type { MeshConfig } from '../../core/config/types.ts';
import { installationOn } from '../../core/contract/queues.ts';
import { refuse } from '../../core/values/error.ts';

/** @throws TidegateError Invalid */
export function assertOwn({ name, installation }: MeshConfig): void {
  const own = installationOn(Context.current().info.taskQueue);
  if (installation === own) return;
  refuse(
    'Invalid',
    `mesh ${name} belongs to installation ${installation} (spec.installation), and this worker to ${own}`,
    `set TIDEGATE_INSTALLATION=${installation} for its workers and commands, or correct spec.installation`,
  );
}

/** `tidegate worker promote`: which build gets what is new. */
import type { Client } from '@temporalio/client';
import { installationIn } from '../../core/contract/installation.ts';
import { asBuildId } from '../../core/contract/worker-deployment.ts';
import { unpolled } from '../../core/rollout/builds.ts';
import { startText } from '../../core/view/stuck-text.ts';
import { refuse } from '../../core/values/error.ts';
import { readWorkers, setCurrentBuild } from '../../platform/temporal/workers.ts';
import { exitCodes, type Io } from '../io.ts';

/** How long the workers of a build may take to come up, ms: they bundle the workflows first. */
const PATIENCE_MS = 60_000;

/** Makes a build the current one, once its workers poll every queue. */
export async function promoteBuild(client: Client, io: Io, text: string): Promise<number> {
  const buildId = asBuildId(text);
  const installation = installationIn(io.env);
  const until = io.now() + PATIENCE_MS;
  for (;;) {
    const workers = await readWorkers(client, installation);
    // Its workers come up one queue after the other: those that it has polled so far are not all.
    const missing = unpolled({ ...workers, builds: [] }, buildId, { nowMs: io.now() });
    if (missing.length === 0 && workers.builds.some(({ id }) => id === buildId)) {
      if (workers.current !== buildId) await setCurrentBuild(client, { installation, buildId });
      const before = workers.current === '' || workers.current === buildId ? '' : ` (it was ${workers.current})`;
      io.stdout(
        `build ${buildId} is the current one${before}: new runs are its own, and runs under way stay with theirs\n`,
      );
      return exitCodes.ok;
    }
    if (io.now() >= until || io.signal.aborted)
      refuse(
        'Unavailable',
        `no worker of build ${buildId} polls ${missing.join(', ') || 'yet'}`,
        `start one: ${startText(buildId)}`,
      );
    await io.sleep(500);
  }
}

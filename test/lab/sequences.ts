/** What comes after: from every end of a rollout there is a way on, and the next deploy is taken. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import { limits } from '../support/limits.ts';
import { clusters } from './lab-service.ts';
import type { Stage } from './stage.ts';

/** Resets a run to its first workflow task: all of it happens again, under another run id. */
async function resetToStart(client: Client, run: WorkflowHandle): Promise<string> {
  const { events } = await run.fetchHistory();
  const first = events?.find((event) => event.workflowTaskCompletedEventAttributes != null);
  const { namespace } = client.options;
  const { runId } = await client.workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: { workflowId: run.workflowId },
    reason: 'a test',
    requestId: randomUUID(),
    ...(first?.eventId != null && { workflowTaskFinishEventId: first.eventId }),
  });
  return runId;
}

export function sequences(given: () => Stage): void {
  describe('what comes after', () => {
    beforeEach(() => given().settle(), limits.labTest);

    /** The next change is taken, promoted, and the traffic is its version's alone. */
    const goesOn = async (): Promise<void> => {
      const { basket } = given();
      const version = basket.newVersion();
      await basket.configure({ canary: [50, 100], rest: [100], warm: '10m' });
      await basket.deploy(version);
      expect(await basket.end()).toMatchObject({ outcome: 'promoted', proof: { result: 'verified' } });
      expect(await basket.allShares()).toEqual(basket.whole(version));
      const after = await basket.requests(300);
      expect(after.byVersion()).toEqual({ [version]: after.requests });
    };

    it(
      'an undo that was aborted at once leaves nothing behind, and neither does a deploy that failed in other waves',
      async () => {
        const { basket, lab } = given();
        await goesOn();
        await basket.begin({ kind: 'undo' });
        await basket.say('abort', { reason: 'a second thought' });
        expect(await basket.end()).toMatchObject({ outcome: 'restored' });
        await goesOn();
        // All clusters in one wave: each client's step names serving clusters that it does not call.
        await basket.configure({ rest: [50, 100], warm: '10m' });
        const bad = basket.newVersion();
        await basket.deploy(bad);
        await basket.until(({ step, phase }) => step === 1 && phase === 'baking');
        await lab.break('errors', 'basket', bad, '--ratio', '0.5');
        expect(await basket.end()).toMatchObject({ outcome: 'restored', proof: { result: 'verified' } });
        await lab.break('heal');
        for (const cluster of clusters) {
          expect(Object.keys((await basket.record(cluster)).versions.current ?? {})).toEqual([cluster]);
        }
        await goesOn();
      },
      limits.labTest,
    );

    it(
      'a rollout that is reset in the middle goes on as itself, and its former self writes nothing more',
      async () => {
        const { basket, rig } = given();
        const version = basket.newVersion();
        await basket.configure({ canary: [50, [100, 'approve']], rest: [100], warm: '10m' });
        const first = await basket.deploy(version);
        await basket.until(({ phase }) => phase === 'gated');
        const before = (await basket.record(clusters[0])).versions;
        const again = await resetToStart(rig.client, first);
        await basket.until(({ phase }) => phase === 'gated', limits.rollout);
        const { epoch, run } = (await basket.record(clusters[0])).versions;
        expect([run, epoch > before.epoch]).toEqual([again, true]);
        await basket.say('approve', { reason: 'the reset run is the one' });
        expect(await basket.end()).toMatchObject({ outcome: 'promoted', version });
        await goesOn();
      },
      limits.labTest,
    );
  });
}

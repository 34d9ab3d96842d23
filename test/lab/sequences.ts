/** What comes after: from every end of a rollout there is a way on, and the next deploy is taken. */
import { beforeEach, describe, expect } from '@jest/globals';
import type { WorkflowHandle } from '@temporalio/client';
import { messageNames } from '../../core/contract/messages.ts';
import { assertEventually } from '../support/eventually.ts';
import { itInFull } from '../support/full.ts';
import { limits } from '../support/limits.ts';
import { clusters } from './lab-service.ts';
import { resetTo, theNextDeployIsTaken, workflowTasks } from './runs.ts';
import type { Stage } from './stage.ts';

export function sequences(given: () => Stage): void {
  describe('what comes after', () => {
    beforeEach(() => given().settle(), limits.labTest);

    const goesOn = (): Promise<void> => theNextDeployIsTaken(given());

    itInFull(
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

    itInFull(
      'a rollout that is reset in the middle goes on as itself, and its former self writes nothing more',
      async () => {
        const { basket, rig } = given();
        const version = basket.newVersion();
        await basket.configure({ canary: [50, [100, 'approve']], rest: [100], warm: '10m' });
        const first = await basket.deploy(version);
        await basket.until(({ phase }) => phase === 'gated');
        const before = (await basket.record(clusters[0])).versions;
        const [start] = await workflowTasks(first);
        if (start === undefined) throw new Error('it has no workflow task');
        const again = await resetTo(rig.client, first, start);
        await basket.until(({ phase }) => phase === 'gated', limits.rollout);
        const { epoch, run } = (await basket.record(clusters[0])).versions;
        expect([run, epoch > before.epoch]).toEqual([again, true]);
        await basket.say('approve', { reason: 'the reset run is the one' });
        expect(await basket.end()).toMatchObject({ outcome: 'promoted', version });
        await goesOn();
      },
      limits.labTest,
    );

    itInFull(
      'an API server that hangs in a breach keeps nobody waiting; given up, the run ends, and catches up when it is back',
      async () => {
        const { basket, lab } = given();
        await goesOn();
        const before = await basket.allShares();
        const bad = basket.newVersion();
        await basket.configure({ rest: [50, 100], bake: '1m', warm: '10m' });
        const run = await basket.deploy(bad);
        await basket.until(({ phase }) => phase === 'baking');
        await lab.break('api-server', hung, 'hung');
        await lab.break('errors', 'basket', bad, '--ratio', '0.5');
        await basket.until(({ back = {} }) => {
          const others = Object.entries(back).filter(([cluster]) => cluster !== hung);
          return others.length > 0 && others.every(([, { state }]) => state === 'verified');
        });
        await run.executeUpdate(messageNames.giveUp, { args: [{ cluster: hung, reason: 'its rack burns' }] });
        const ended = await basket.end();
        expect(ended).toMatchObject({ outcome: 'restored', absent: { [hung]: { reason: 'its rack burns' } } });
        await lab.break('heal');
        await assertEventually(async () => expect(await basket.allShares()).toEqual(before), limits.phase);
        await goesOn();
      },
      limits.labTest,
    );

    itInFull(
      'a rollout that is deleted from Temporal is restored without a person',
      async () => {
        const { basket, rig } = given();
        const before = await basket.allShares();
        await basket.configure({ canary: [50, 100], rest: [100], bake: '10m', warm: '10m' });
        const { workflowId, runId } = await basket.deploy(basket.newVersion()).then(named);
        await basket.until(({ phase }) => phase === 'baking');
        expect(await basket.allShares()).not.toEqual(before);
        await rig.client.workflowService.deleteWorkflowExecution({
          namespace: rig.client.options.namespace,
          workflowExecution: { workflowId, runId },
        });
        await assertEventually(async () => expect(await basket.allShares()).toEqual(before), limits.phase);
        expect(await basket.end()).toMatchObject({ kind: 'restore', outcome: 'restored' });
        await goesOn();
      },
      limits.labTest,
    );
  });
}

/** The cluster whose API server hangs. */
const hung = clusters[2];

const named = async (run: WorkflowHandle): Promise<{ workflowId: string; runId: string }> => {
  const { workflowId, runId } = await run.describe();
  return { workflowId, runId };
};

/** Somebody or something else changes the routes: a frozen Envoy, another manager, a person with kubectl. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { messageNames } from '../../core/contract/messages.ts';
import type { LogEntry } from '../../core/rollout/machine/state.ts';
import type { KubeObject } from '../../infra/lab/api/kube-client.ts';
import { itInFull } from '../support/full.ts';
import { limits } from '../support/limits.ts';
import { withEditedWeights, weightsIn } from './cec-weights.ts';
import type { Stage } from './stage.ts';

const aws = 'aws-us-east-1';
const cecs = '/apis/cilium.io/v2/namespaces/shop/ciliumenvoyconfigs';

export function routingFaults(stage: () => Stage): void {
  describe('routes that others change', () => {
    beforeEach(() => stage().settle(), limits.labTest);

    itInFull(
      'one frozen Envoy of two contradicts the weights: it is named, and the run goes back',
      async () => {
        const { basket, lab } = stage();
        const before = await basket.allShares();
        // Long enough for the freeze to be there before the next step is written.
        await basket.configure({ canary: [20, 70, 100], rest: [100], bake: '6s' });
        await basket.deploy(basket.newVersion());
        await basket.until(({ phase, step }) => phase === 'baking' && step === 1);
        await lab.break('freeze-envoy', aws, `${aws}-node-2`);
        // An Envoy that is only late is waited for, for 90 s.
        await basket.until(({ phase }) => phase === 'restoring' || phase === 'proving-restore', limits.rollout);
        await lab.break('thaw-envoy', aws, `${aws}-node-2`);
        const status = await basket.end();
        const log = await basket.handle().query<LogEntry[]>(messageNames.log);
        const why = log.find(({ text }) => text.includes('contradicts'))?.text ?? '';
        expect(why).toContain(`${aws}-node-2`);
        expect(why).not.toContain(`${aws}-node-1`);
        expect(status).toMatchObject({ outcome: 'restored', wave: 1, step: 2, proof: { result: 'verified' } });
        expect(await basket.allShares()).toEqual(before);
      },
      limits.labTest,
    );

    it(
      'a foreign CiliumEnvoyConfig on the service refuses the start by name: two owners of one route fight',
      async () => {
        const { basket, rig } = stage();
        const before = await basket.allShares();
        await rig.admin(aws).create(cecs, foreignCec());
        await expect(basket.deploy(basket.newVersion())).rejects.toMatchObject({
          code: 'Foreign',
          message: expect.stringMatching(/aws-us-east-1.*somebodys-own/),
        });
        await rig.admin(aws).remove(`${cecs}/somebodys-own`);
        expect(await basket.allShares()).toEqual(before);
      },
      limits.labTest,
    );

    itInFull(
      'weights edited by hand in mid-step are put right by the next write, for the record says what was meant',
      async () => {
        const { basket, rig } = stage();
        const version = basket.newVersion();
        await basket.configure({ canary: [[20, 'approve'], 100], rest: [100] });
        await basket.deploy(version);
        await basket.until(({ phase }) => phase === 'gated');
        const cec = await basket.cec(aws);
        await rig
          .admin(aws)
          .merge(`${cecs}/${cec.metadata.name}`, { spec: withEditedWeights(cec.spec, [900_000, 100_000]) });
        expect(weightsIn((await basket.cec(aws)).spec)).toEqual([900_000, 100_000]);
        await basket.say('approve', { reason: 'the edit went unnoticed' });
        expect(await basket.end()).toMatchObject({ outcome: 'promoted' });
        expect(await basket.allShares()).toEqual(basket.whole(version));
        const left = weightsIn((await basket.cec(aws)).spec).filter((weight) => weight > 0);
        expect(left).toEqual([1_000_000]);
      },
      limits.labTest,
    );

    it(
      'a CiliumEnvoyConfig deleted in mid-run: clients bypass Envoy to the proven version only, and the run says so',
      async () => {
        const { basket, rig } = stage();
        const before = await basket.allShares();
        const version = basket.newVersion();
        await basket.configure({ canary: [50, 100], rest: [100], bake: '8s' });
        await basket.deploy(version);
        await basket.until(({ phase }) => phase === 'baking');
        const lost = await basket.cec(aws);
        await rig.admin(aws).remove(`${cecs}/${lost.metadata.name}`);
        // Requests under way when it went may still have met the canary.
        await basket.requests(120);
        const bypassing = await basket.requests(600);
        expect(bypassing.failuresOutside()).toEqual([]);
        // Connections made before stay with Envoy until it has drained them.
        expect(Object.keys(bypassing.byVersion(aws, 'new'))).toEqual(Object.keys(before[aws] ?? {}));
        expect(await basket.end()).toMatchObject({
          outcome: 'restored',
          reason: expect.stringMatching(/aws-us-east-1.*was deleted.*tidegate adopt/),
        });
        const after = await basket.requests(300);
        expect(after.byVersion(aws, 'new')).not.toHaveProperty(version);
        expect(after.failuresOutside()).toEqual([]);
        await basket.begin({ kind: 'adopt' });
        expect(await basket.end()).toMatchObject({ outcome: 'promoted' });
        expect(await basket.allShares()).toEqual(before);
      },
      limits.labTest,
    );
  });
}

const foreignCec = (): KubeObject & { spec: unknown } => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumEnvoyConfig',
  metadata: { name: 'somebodys-own', namespace: 'shop' },
  spec: { services: [{ name: 'basket', namespace: 'shop', listener: '' }], resources: [] },
});

/** Callers that dial the pods themselves, as ingress proxies do: no Envoy of ours sees them, the servers do. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { LogEntry } from '../../core/rollout/machine/state.ts';
import { messageNames } from '../../core/contract/messages.ts';
import { labels } from '../../core/kube/labels.ts';
import { mainVersion } from '../../core/routing/weights.ts';
import { itInFull } from '../support/full.ts';
import { limits } from '../support/limits.ts';
import { modestRate } from './lab-service.ts';
import type { Stage } from './stage.ts';

/** One of five. */
const pastEvery = 5;

export function pastEnvoy(stage: () => Stage): void {
  describe('callers past Envoy', () => {
    beforeEach(() => stage().settle(), limits.labTest);

    const pinIn = async (cluster: string): Promise<string> => {
      const { rig } = stage();
      const path = '/api/v1/namespaces/shop/services/basket';
      const { spec } = await rig.admin(cluster).get<{ spec: { selector: Record<string, string> } }>(path);
      return spec.selector[labels.version] ?? '';
    };

    it(
      'for whom alone a version is bad find it in the first wave, when they follow; they go back with the weights',
      async () => {
        const { basket, lab } = stage();
        await lab.traffic.start({ service: 'basket', rate: modestRate, pastEvery });
        const before = await basket.allShares();
        const old = mainVersion(before['aws-us-east-1']);
        const since = Date.now();
        const version = basket.newVersion();
        await basket.configure({ canary: [50, 100], rest: [100], bake: '10s' });
        await lab.break('errors', 'basket', version, '--ratio', '1', '--callers', 'past-envoy');
        await basket.deploy(version);
        await basket.until(({ phase }) => phase === 'pinning');
        expect((await basket.clientsSaw(since)).byVersion(undefined, 'past')).toEqual({ [old]: expect.any(Number) });
        const status = await basket.end();
        expect(status).toMatchObject({ outcome: 'restored', wave: 1, step: 2, proof: { result: 'verified' } });
        const log = await basket.handle().query<LogEntry[]>(messageNames.log);
        const pinned = log.find(({ text }) => text.startsWith('baking: callers past Envoy get'));
        const tookMs = (status.moments.verdict ?? Infinity) - (pinned?.atMs ?? -Infinity);
        process.stderr.write(`callers past Envoy: found ${(tookMs / 1_000).toFixed(1)} s after they had followed\n`);
        expect(tookMs).toBeLessThan(60_000);
        expect(await basket.allShares()).toEqual(before);
        expect(await pinIn('aws-us-east-1')).toBe(old);
        const all = await basket.clientsSaw(since);
        expect(all.failuresOutside(version)).toEqual([]);
        for (const cluster of ['gcp-europe-west1', 'onprem-fra1'])
          expect(all.byVersion(cluster)).not.toHaveProperty(version);
        await stage().flow();
      },
      limits.labTest,
    );

    itInFull(
      'follow a good version wave by wave, and an undo brings them back first',
      async () => {
        const { basket, lab } = stage();
        await lab.traffic.start({ service: 'basket', rate: modestRate, pastEvery });
        const old = mainVersion((await basket.allShares())['aws-us-east-1']);
        const since = Date.now();
        const version = basket.newVersion();
        // What an undo goes back to must outlive the time that its plan takes.
        await basket.configure({ canary: [100], rest: [100], warm: '10m' });
        await basket.deploy(version);
        await basket.until(({ wave, phase }) => wave === 2 && phase === 'preparing');
        expect([await pinIn('aws-us-east-1'), await pinIn('gcp-europe-west1')]).toEqual([version, old]);
        expect(await basket.end()).toMatchObject({ outcome: 'promoted' });
        expect(await pinIn('onprem-fra1')).toBe(version);
        await basket.begin({ kind: 'undo' });
        await basket.until(({ phase }) => phase === 'applying');
        expect(await pinIn('onprem-fra1')).toBe(old);
        expect(await basket.end()).toMatchObject({ outcome: 'promoted' });
        expect((await basket.clientsSaw(since)).failuresOutside()).toEqual([]);
        await stage().flow();
      },
      limits.labTest,
    );
  });
}

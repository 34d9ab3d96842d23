/** Testers, and users whom a cookie keeps on their version, through Cilium's own control plane, while others bring load. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { runRoutesOf } from '../../core/routing/run-routes.ts';
import { mainVersion } from '../../core/routing/weights.ts';
import { loopbackOf } from '../../infra/lab/processes/slot.ts';
import { assertEventually } from '../support/eventually.ts';
import { limits } from '../support/limits.ts';
import type { Stage } from './stage.ts';

const CLUSTER = 'aws-us-east-1';
/** Users, and how many requests each of them sends in a round. */
const [USERS, ROUND] = [30, 3];

interface Answer {
  readonly version: string;
  readonly cookie: string;
}

export function testers(stage: () => Stage): void {
  describe('testers and users with the cookie', () => {
    beforeEach(() => stage().settle(), limits.labTest);

    /** Asks the service at its cluster address, as a client in the cluster does. */
    async function caller(): Promise<(headers?: Record<string, string>) => Promise<Answer>> {
      const path = '/api/v1/namespaces/shop/services/basket';
      const { spec } = await stage()
        .rig.admin(CLUSTER)
        .get<{ spec: { clusterIP: string; ports: { port: number }[] } }>(path);
      const url = `http://${loopbackOf(spec.clusterIP)}:${String(spec.ports[0]?.port)}/`;
      return async (headers = {}) => {
        const response = await fetch(url, { headers });
        const { version } = (await response.json()) as { version: string };
        return { version, cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
      };
    }

    it(
      'reach the new version, and stay where they are, from step to step; after the way back nobody does',
      async () => {
        const { basket } = stage();
        const old = mainVersion((await basket.allShares())[CLUSTER]);
        const since = Date.now();
        const version = basket.newVersion();
        const ask = await caller();
        const spec = { testers: { header: { name: 'x-canary', value: 'always' } }, sticky: {} };
        await basket.configure({ canary: [[30, 'approve'], [60, 'approve'], 100], rest: [100], spec });
        await basket.deploy(version);
        const tester = async (): Promise<string> => (await ask({ 'x-canary': 'always' })).version;
        await assertEventually(async () => expect(await tester()).toBe(version), limits.rollout);
        const users: Answer[] = [];
        const round = async (): Promise<string[]> => {
          const moved: string[] = [];
          for (const user of users) {
            for (let i = 0; i < ROUND; i++) {
              const { version: now } = await ask({ cookie: user.cookie });
              if (now !== user.version) moved.push(`${user.cookie}: ${user.version} → ${now}`);
            }
          }
          return moved;
        };
        for (const step of [1, 2]) {
          const atGate = basket.until((now) => now.phase === 'gated' && now.step === step);
          let isOpen = false;
          void atGate.then(
            () => (isOpen = true),
            () => (isOpen = true),
          );
          // They come all the while: what proves the weights must tell them from the others.
          while (!isOpen && (await tester()) === version) expect(await round()).toEqual([]);
          expect(await atGate).toMatchObject({ proof: { result: 'verified' } });
          for (let i = 0; i < USERS; i++) users.push(await ask());
          expect(new Set(users.map((user) => user.version))).toEqual(new Set([old, version]));
          expect(await round()).toEqual([]);
          for (let i = 0; i < 50; i++) expect(await tester()).toBe(version);
          expect(runRoutesOf((await basket.record(CLUSTER)).versions)).toMatchObject({ testers: { version } });
          if (step === 1) await basket.say('approve', { reason: 'go on' });
        }
        await basket.say('abort', { reason: 'seen enough' });
        expect(await basket.end()).toMatchObject({ outcome: 'restored', proof: { result: 'verified' } });
        expect(await tester()).toBe(old);
        for (const { cookie } of users) expect(await ask({ cookie })).toEqual({ version: old, cookie: '' });
        expect(runRoutesOf((await basket.record(CLUSTER)).versions)).toEqual({});
        expect((await basket.clientsSaw(since)).failuresOutside()).toEqual([]);
      },
      limits.labTest,
    );
  });
}

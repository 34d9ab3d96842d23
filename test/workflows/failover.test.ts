/** What holds a failover, what it asks first, and what it says afterwards; under a real Temporal server. */
import { describe, expect, it } from '@jest/globals';
import { failOverNow } from '../../cli/rollouts/fail-over.ts';
import type { FailedOverClient, WatchClustersInput, WatchClustersResult } from '../../core/contract/failover.ts';
import type { VerifyRoutingInput, VerifyRoutingResult } from '../../core/judge/proof/proof.ts';
import { WHOLE } from '../../core/values/share.ts';
import { clusterNames } from '../support/facts.ts';
import { untilCancelled } from '../support/fake-activities.ts';
import { limits } from '../support/limits.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import { found, moved, onWatchStage, terminal } from '../support/watch-stage.ts';

const temporal = temporalOfFile();
const [aws, gcp] = clusterNames;

describe('a failover', () => {
  it.each([
    ['verified', 'the Envoys follow'],
    ['contradicted', 'CONTRADICTED by traffic: it sends on'],
    ['untested', 'not seen in traffic yet: it sends on'],
  ] as const)(
    'says what the traffic shows of a move: %s',
    async (result, words) => {
      const wrote = { weights: { a: WHOLE }, withdrawn: [], writtenAtMs: 1_000 };
      const proofs = [{ cluster: aws, instance: 'node', result, reason: 'it sends on', requests: 0 }];
      const asked: VerifyRoutingInput[] = [];
      const verifyRestored = async (input: VerifyRoutingInput): Promise<VerifyRoutingResult> => {
        asked.push(input);
        return { result, proofs, verifiedAtMs: 0 };
      };
      const given = { writes: [{ ...moved, wrote }], activities: { verifyRestored } };
      const evidence = found('lost', 'a person says so');
      await onWatchStage(
        temporal,
        { mesh: `proof-${result}`, failover: ['ask'], evidence, ...given },
        async (stage) => {
          await stage.start();
          const of = { mesh: `proof-${result}`, cluster: gcp, reason: 'ann' };
          expect(await failOverNow(temporal.env.client, terminal(), of)).toBe(result === 'contradicted' ? 4 : 0);
          await stage.until({ services: [{ phase: 'moved', proof: result, text: expect.stringContaining(words) }] });
          expect(asked).toMatchObject([{ mode: 'restored', targets: [{ cluster: { name: aws }, ...wrote }] }]);
        },
      );
    },
    limits.phase * 3,
  );

  it(
    "with failover: auto asks for the load first where a pod's rate is known, and says what there is room for",
    async () => {
      const flows = [{ client: aws, serving: gcp, perSecond: 60, meanMs: 5 }];
      const activities: Partial<RolloutActivities> = {
        measureLoad: async () => ({ services: [{ service: 'shop/checkout', flows }], problem: '' }),
        failOver: async ({ load }) => ({
          clients: [moved],
          carried: { perSecond: load?.flows[0]?.perSecond ?? 0, shortBy: load?.ratePerReplica ?? 0 },
        }),
      };
      const given = { ratePerReplica: 20, activities };
      await onWatchStage(
        temporal,
        { mesh: 'roomy', failover: ['auto'], looks: [found('lost')], ...given },
        async (stage) => {
          await stage.start();
          const text = 'of the 60.0/s that are moved, 20.0/s are more than the pods there answer';
          await stage.until({ services: [{ phase: 'moved', text: expect.stringContaining(text) }] });
        },
      );
    },
    limits.phase * 3,
  );

  it(
    'does not wait for metrics that are lost with the cluster',
    async () => {
      const given = { ratePerReplica: 20, activities: { measureLoad: () => untilCancelled() } };
      await onWatchStage(
        temporal,
        { mesh: 'uncounted', failover: ['auto'], looks: [found('lost')], ...given },
        async (stage) => {
          await stage.start();
          await stage.until({
            services: [{ phase: 'moved', text: expect.stringContaining('not known: nothing was counted') }],
          });
        },
      );
    },
    limits.phase * 3,
  );

  it(
    'counts a loss from its first doubt on, however late a person says the word',
    async () => {
      const looks = [found('suspected', 'is it?', 500), found('lost', 'it is', 1_000), found('lost', 'still', 2_000)];
      const evidence = found('lost', 'a person says so', 3_000);
      await onWatchStage(temporal, { mesh: 'late', failover: ['ask'], looks, evidence }, async (stage) => {
        await stage.start();
        await stage.until({ clusters: [{ atMs: 2_000, sinceMs: 500 }] });
        const io = terminal();
        expect(await failOverNow(temporal.env.client, io, { mesh: 'late', cluster: gcp, reason: 'ann' })).toBe(0);
        expect(stage.asked).toMatchObject([{ atMs: 500 }]);
      });
    },
    limits.phase * 3,
  );

  it(
    'waits with a service that is paused, says so, and moves it when a person says so',
    async () => {
      const paused: FailedOverClient = { ...moved, action: 'paused', failed: 'checkout is paused by ann: by hand' };
      const evidence = found('lost', 'a person says so');
      const writes = [paused, paused, moved];
      await onWatchStage(
        temporal,
        { mesh: 'paused', failover: ['auto'], looks: [found('lost')], evidence, writes },
        async (stage) => {
          await stage.start();
          await stage.until({
            services: [
              { phase: 'paused', text: expect.stringContaining('checkout is paused by ann: by hand; at once:') },
            ],
          });
          expect(stage.asked).toHaveLength(1);
          const of = { mesh: 'paused', cluster: gcp, reason: 'ann' };
          expect(await failOverNow(temporal.env.client, terminal(), of)).toBe(4);
          expect(await failOverNow(temporal.env.client, terminal(), { ...of, despitePauses: true })).toBe(0);
          expect(stage.asked.map(({ despitePauses }) => despitePauses)).toEqual([undefined, undefined, true]);
          await stage.until({ services: [{ phase: 'moved' }] });
        },
      );
    },
    limits.phase * 3,
  );

  it(
    'with failover: ask goes on by itself with what a pause held up, as a person has said the word',
    async () => {
      const paused: FailedOverClient = { ...moved, action: 'paused', failed: 'checkout is paused by ann: by hand' };
      let [again, looks]: [() => void, number] = [() => undefined, 0];
      const unpaused = new Promise<void>((resolve) => (again = resolve));
      const evidence = found('lost', 'a person says so');
      const later = async (input: WatchClustersInput): Promise<WatchClustersResult> => {
        if (input.person !== undefined) return evidence;
        if (input.told.length === 0) return found('lost');
        looks += 1;
        await (looks === 1 ? untilCancelled(unpaused) : untilCancelled());
        return found('lost', 'still', Date.now());
      };
      const given = { activities: { watchClusters: later } };
      await onWatchStage(
        temporal,
        { mesh: 'unpaused', failover: ['ask'], writes: [paused, moved], ...given },
        async (stage) => {
          await stage.start();
          await stage.until({ clusters: [{ judgement: 'lost' }] });
          const of = { mesh: 'unpaused', cluster: gcp, reason: 'ann' };
          expect(await failOverNow(temporal.env.client, terminal(), of)).toBe(4);
          again();
          await stage.until({ services: [{ phase: 'moved' }] });
        },
      );
    },
    limits.phase * 3,
  );
});

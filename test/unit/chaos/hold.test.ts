/** How a fault is held, and faults that must break something to be one. */
import { describe, expect, it } from '@jest/globals';
import { faults } from '../../chaos/faults/index.ts';
import { named } from '../../chaos/cells.ts';
import type { Manner } from '../../chaos/gateways.ts';
import { underFault } from '../../chaos/hold.ts';
import { trafficFaults } from '../../chaos/leftovers.ts';
import { phases } from '../../chaos/phases.ts';
import type { Fault, Phase, Scene } from '../../chaos/scene.ts';
import { weightedNames, weightsIn } from '../../lab/cec-weights.ts';
import type { Stage } from '../../lab/stage.ts';

const cecOf = (weights: Record<string, number>) => ({
  metadata: { name: 'tidegate-basket' },
  spec: { weighted_clusters: { clusters: Object.entries(weights).map(([name, weight]) => ({ name, weight })) } },
});

describe('a fault', () => {
  it('lasts while the run gets what it waits for, and tells where the run stood before and after', async () => {
    const happened: string[] = [];
    const note = async (what: string): Promise<void> => void happened.push(what);
    const wave = { wave: 1, step: 1 };
    const stage = {
      rig: { io: { sleep: () => note('held') }, startWorker: () => note('worker') },
      lab: { break: (what: string) => note(what) },
      basket: { status: async () => ({ phase: happened.includes('heal') ? 'applying' : 'gated', ...wave }) },
    };
    const scene = { stage, run: {} } as unknown as Scene;
    const fault = { lastsMs: 9, inject: () => note('injected') } as unknown as Fault;
    const phase: Phase = { ...named(phases, 'gate'), release: () => note('approved') };
    expect(await underFault(scene, { fault, phase })).toEqual({
      injectedAt: { phase: 'gated', ...wave },
      liftedAt: { phase: 'applying', ...wave },
    });
    expect(happened).toEqual(['injected', 'approved', 'held', 'heal', 'worker']);
  });

  it('of edited weights changes them for the version that served before, and throws where there is nothing to edit', async () => {
    const edit = async (weights: Record<string, number>): Promise<Record<string, number>> => {
      let written: unknown;
      const merge = async (_: string, { spec }: { spec: unknown }): Promise<void> => void (written = spec);
      const stage = { basket: { cec: async () => cecOf(weights) }, rig: { admin: () => ({ merge }) } };
      await named(faults, 'weights-edited').inject({ stage, before: 'v1' } as unknown as Scene);
      const edited = weightsIn(written);
      return Object.fromEntries(weightedNames(written).map((name, i) => [name, edited[i] ?? 0]));
    };
    const half = { 'basket-v10-aws-x': 500_000, 'basket-v1-aws-x': 500_000 };
    expect(await edit(half)).toEqual({ 'basket-v10-aws-x': 100_000, 'basket-v1-aws-x': 900_000 });
    await expect(edit({ 'basket-v1-aws-x': 1_000_000 })).rejects.toThrow('no weight to edit');
  });

  it('of a Prometheus that is empty leaves its clock alone', async () => {
    const manners: Manner[] = [];
    const gateways = { set: (_: string, given: Manner) => void manners.push(given) };
    await named(faults, 'prometheus-empty').inject({ gateways } as unknown as Scene);
    const [manner] = manners;
    if (manner?.does !== 'answer' || typeof manner.body === 'string') throw new Error('it answers one text to all');
    expect(manner.body('query=time%28%29&timeout=5000ms')).toContain('"scalar"');
    expect(manner.body('query=up%5B9s%5D')).toContain('"matrix"');
  });
});

describe('the last traffic', () => {
  const traffic = (counts: Record<string, number>): Stage => {
    const seen = {
      requests: 400,
      byVersion: (client?: string) => ({ v1: client === undefined ? 400 : counts[client] }),
    };
    return { basket: { requests: async () => seen, clientsSaw: async () => seen } } as unknown as Stage;
  };
  const enough = { 'aws-us-east-1': 100, 'gcp-europe-west1': 100, 'onprem-fra1': 200 };

  it('of a cluster whose clients asked too little says nothing of it', async () => {
    const found = await trafficFaults(traffic({ ...enough, 'onprem-fra1': 79 }), 'v1', 1);
    expect(found).toEqual([expect.stringContaining('onprem-fra1: 79 requests')]);
  });

  it('is of one version in every cluster', async () => {
    expect(await trafficFaults(traffic(enough), 'v1')).toEqual([]);
    expect(await trafficFaults(traffic(enough), 'v2')).toHaveLength(1);
  });
});

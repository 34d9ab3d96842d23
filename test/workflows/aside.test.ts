/** Testers and kept users of a run, through a real Temporal server: every write has their routes, and the proof knows. */
import { describe, expect, it } from '@jest/globals';
import type { VerifyRoutingInput } from '../../core/judge/proof/proof.ts';
import type { ApplyRoutingInput } from '../../core/routing/changes.ts';
import { runRoutesOf } from '../../core/routing/run-routes.ts';
import { fakeWorld } from '../support/fake-activities.ts';
import { testPlan } from '../support/plans.ts';
import { runRollout } from '../support/run-rollout.ts';
import { temporalOfFile } from '../support/temporal-of-file.ts';

const temporal = temporalOfFile();

describe('a rollout with testers and sticky users', () => {
  it('opens their routes with the entry and with every share, and leaves them open until the commit', async () => {
    const [writes, proofs] = [[] as ApplyRoutingInput[], [] as VerifyRoutingInput[]];
    const world = fakeWorld({
      applyRouting: async (input: ApplyRoutingInput) => {
        writes.push(input);
        return { cluster: input.cluster.name, changes: [], weights: { a: 1_000_000 }, writtenAtMs: Date.now() };
      },
      verifyRouting: async (input: VerifyRoutingInput) => {
        proofs.push(input);
        return { result: 'verified', proofs: [], verifiedAtMs: Date.now() };
      },
    });
    const sticky = { cookie: 'arm', ttlMs: 60_000, token: 't1' };
    const plan = {
      ...testPlan({ service: 'aside', shares: [50_000, 1_000_000], bakeMs: 0 }),
      testers: { header: 'x-canary' },
      sticky,
    };
    await runRollout(temporal, { plan, world }, async (handle) => {
      expect((await handle.result()).outcome).toBe('promoted');
    });
    const open = { testers: { version: 'v2', mark: { header: 'x-canary' } }, sticky: { ...sticky, version: 'v2' } };
    expect(writes.length).toBeGreaterThan(6);
    for (const write of writes) expect(runRoutesOf(write)).toEqual(open);
    // An Envoy that is told of a subset only, and one that goes back, has no requests beside the weights to take off.
    expect(
      proofs
        .map(({ mode, aside = false }) => ({ mode, aside }))
        .filter(({ mode, aside }) => aside !== (mode === 'forward')),
    ).toEqual([]);
    expect(new Set(proofs.map(({ mode }) => mode))).toEqual(new Set(['entered', 'forward']));
  }, 60_000);
});

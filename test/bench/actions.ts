/** What Temporal bills for a rollout and for waiting: counted from a history, and from the heartbeats that reach the server. */
import { billedActions } from '../../core/rollout/plan/billed.ts';
import { bundleWorkflows } from '../../worker/workers.ts';
import { fakeWorld } from '../support/fake-activities.ts';
import { testPlan } from '../support/plans.ts';
import { billedIn, runRollout } from '../support/run-rollout.ts';
import { startTemporal } from '../support/temporal.ts';
import { waitFor, type Waited } from '../support/waiting-watch.ts';
import type { Bench, Measure } from './bench.ts';

const HOUR = 3_600_000;

export const actionsBench: Bench = {
  name: 'actions',
  about: 'billed actions of Temporal: a rollout, a bake of 24 h, a gate of 24 h',
  repeats: 1,
  async run({ report }) {
    const plan = testPlan({ service: 'actions' });
    report('a rollout');
    const rollout = await countRollout(plan);
    report('a bake of 24 h');
    const bake = await waitFor({ mode: 'bake', bakeMs: 24 * HOUR, ageMs: 0 });
    report('a gate of 24 h');
    const gate = await waitFor({ mode: 'hold', bakeMs: 0, ageMs: HOUR, leftAfterMs: 24 * HOUR });
    return {
      title: 'Billed actions',
      settings: {
        rollout: `${String(Object.keys(plan.routes).length)} clusters, 2 waves × 3 steps, on a Temporal dev server with activities that answer at once`,
        waiting:
          'watchSlo itself, default judge, samples every 15 s; attempts and hand-overs as the workflow asks for them; a clock that skips',
      },
      measures: [
        { what: 'rollout: its workflow, from the history', unit: '', values: [rollout] },
        {
          what: 'rollout in all, with its door and its settler: as the plan says',
          unit: '',
          values: [billedActions(plan)],
        },
        ...waiting('bake of 24 h', bake, 400),
        ...waiting('gate of 24 h', gate, 100),
      ],
      notes: [
        'An activity that is scheduled, each later attempt, and each heartbeat is one action. A watch sends a heartbeat only when it wants one to reach the server: the SDK holds none back for longer than a second.',
        'Heartbeats of proofs and of pods that get ready are not in the history: one every 5 s while they last.',
      ],
    };
  },
};

async function countRollout(plan: ReturnType<typeof testPlan>): Promise<number> {
  const temporal = await startTemporal();
  try {
    let billed = 0;
    const workflowBundle = await bundleWorkflows();
    await runRollout({ env: temporal.env, workflowBundle }, { plan, world: fakeWorld() }, async (handle) => {
      await handle.result();
      billed = await billedIn(handle);
    });
    return billed;
  } finally {
    await temporal.stop();
  }
}

const waiting = (what: string, waited: Waited, atMost: number): Measure[] => {
  const { scheduled, retries, heartbeats, longestBlindMs } = waited;
  return [
    {
      what: `${what}: billed actions`,
      unit: '',
      values: [scheduled + retries + heartbeats],
      bound: { of: 'every', atMost },
    },
    { what: `${what}: of them heartbeats`, unit: '', values: [heartbeats] },
    { what: `${what}: longest time between two looks`, unit: 's', values: [longestBlindMs / 1000] },
  ];
};

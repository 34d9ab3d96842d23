/** Every way in which a rollout ends. */
import { ApplicationFailure } from '@temporalio/common';
import type { WatchSloInput, WatchSloResult } from '../../../core/judge/look/watch.ts';
import type { VerifyRoutingInput } from '../../../core/judge/proof/proof.ts';
import { untilCancelled } from '../../support/fake-activities.ts';
import { settlingWorld } from '../../support/settling-world.ts';
import { failing, type Scenario } from './stage.ts';

export const seen = (verdict: WatchSloResult['verdict'], breached: string[] = []): WatchSloResult => ({
  ...{ verdict, breached, reason: `it is ${verdict}`, readings: [], firstBadAtMs: 1, decidedAtMs: 2 },
});

/** A watch that finds nothing: the rollout bakes until something else ends it. */
export const baking = { watchSlo: () => untilCancelled() };

/** The second wave breaches, in one of its clusters. */
const breachInSecondWave = async ({ mode, strata }: WatchSloInput): Promise<WatchSloResult> => {
  if (mode === 'hold') return untilCancelled();
  return strata.length > 1 ? seen('breach', ['gcp-europe-west1', 'onprem-fra1']) : seen('healthy');
};

const refuse = (): Promise<never> => Promise.reject(ApplicationFailure.nonRetryable('another CEC', 'Foreign'));

/** Before the first share of each wave. */
const jobs = { before: [{ name: 'smoke', timeoutMs: 60_000, image: 'smoke:1' }] } as const;

const contradictedOnce = (mode: VerifyRoutingInput['mode']) => {
  let told = false;
  return async (input: VerifyRoutingInput) => {
    const result = input.mode === mode && !told ? 'contradicted' : 'verified';
    told ||= result === 'contradicted';
    return { result, proofs: [], verifiedAtMs: Date.now() };
  };
};

export const ends: readonly Scenario[] = [
  {
    name: 'end-promoted',
    world: (service) => settlingWorld(service, {}, 1_500),
    play: async ({ start, settles }) => {
      await (await start()).result();
      await settles();
    },
  },
  {
    name: 'end-restored',
    world: (service) => settlingWorld(service, { watchSlo: async () => seen('breach', ['aws-us-east-1']) }),
    play: async ({ start, settles }) => {
      await (await start()).result();
      await settles();
    },
  },
  {
    name: 'end-partial',
    world: (service) => settlingWorld(service, { watchSlo: breachInSecondWave }),
    play: async ({ start, plan }) => void (await (await start(plan({ onBreach: 'cluster' }))).result()),
  },
  {
    name: 'end-unproven',
    world: (service) => settlingWorld(service, { ...baking, verifyRestored: contradictedOnce('restored') }),
    play: async ({ start, until, say, run, settles }) => {
      await start();
      await until('baking');
      await say('abort');
      await run().result();
      await settles();
    },
  },
  {
    name: 'end-contradicted',
    world: (service) => settlingWorld(service, { verifyRouting: contradictedOnce('forward') }),
    play: async ({ start }) => failing((await start()).result()),
  },
  {
    name: 'end-entry-contradicted',
    world: (service) => settlingWorld(service, { verifyRouting: contradictedOnce('entered') }),
    play: async ({ start }) => failing((await start()).result()),
  },
  {
    name: 'end-refused-by-activity',
    world: (service) => settlingWorld(service, { applyRouting: refuse }),
    play: async ({ start }) => failing((await start()).result()),
  },
  {
    name: 'end-commit-failed',
    world: (service) => settlingWorld(service, { commit: refuse }),
    play: async ({ start }) => failing((await start()).result()),
  },
  {
    name: 'end-bug',
    world: (service) => settlingWorld(service),
    // A wave without steps is no plan: the reducer throws.
    play: async ({ start, plan }) => failing((await start(plan({ shares: [] }))).result()),
  },
  {
    name: 'end-cancelled',
    world: (service) => settlingWorld(service, baking),
    play: async ({ start, until, run }) => {
      await start();
      await until('baking');
      await run().cancel();
      await failing(run().result());
    },
  },
  {
    name: 'end-terminated',
    world: (service) => settlingWorld(service, baking),
    play: async ({ start, until, run, settles }) => {
      await start();
      await until('baking');
      await run().terminate('a recording');
      await settles();
    },
  },
  {
    name: 'end-released',
    world: (service) => settlingWorld(service),
    play: async ({ start, plan }) => void (await (await start(plan({ kind: 'release' }))).result()),
  },
  {
    name: 'end-adopted',
    world: (service) => settlingWorld(service, {}, 1_500),
    // Its originals are not marked, as in plans of older workers: the run has them retired.
    play: async ({ start, plan }) => void (await (await start(plan({ kind: 'adopt' }))).result()),
  },
  {
    name: 'jobs-then-promoted',
    world: (service) => settlingWorld(service, {}, 1_500),
    play: async ({ start, plan, settles }) => {
      await (await start(plan({}, jobs))).result();
      await settles();
    },
  },
  {
    name: 'end-job-failed',
    world: (service) =>
      settlingWorld(service, {
        runBefore: () => Promise.reject(ApplicationFailure.nonRetryable('Job smoke has failed', 'BeforeFailed')),
      }),
    play: async ({ start, plan, settles }) => {
      await failing((await start(plan({}, jobs))).result());
      await settles();
    },
  },
  {
    name: 'end-planned-before',
    world: (service) => settlingWorld(service),
    play: async ({ start, plan }) => failing((await start(plan({}, { seen: { 'aws-us-east-1': 7 } }))).result()),
  },
];

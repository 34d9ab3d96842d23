/** Every message that a rollout takes, and an abort in every phase that can be left. */
import type { ApplyRoutingInput } from '../../../core/routing/changes.ts';
import type { VerifyRoutingInput } from '../../../core/judge/proof/proof.ts';
import type { Phase } from '../../../core/rollout/machine/state.ts';
import { untilCancelled } from '../../support/fake-activities.ts';
import { settlingWorld, type SettlingWorld } from '../../support/settling-world.ts';
import { baking, seen } from './ends.ts';
import type { Scenario, Stage } from './stage.ts';

type Overrides = Parameters<typeof settlingWorld>[1];

const written = ({ cluster }: ApplyRoutingInput) => ({
  ...{ cluster: cluster.name, changes: [], weights: { a: 1_000_000 }, writtenAtMs: Date.now() },
});

/** At its entry the version has none yet. */
const hasShare = ({ cluster, versions }: ApplyRoutingInput): boolean => (versions?.[cluster.name]?.['v2'] ?? 0) > 0;

const verified = async () => ({ result: 'verified', proofs: [], verifiedAtMs: Date.now() });

/** What hangs in each phase, so that the rollout stays in it. */
const hangs: Partial<Record<Phase, Overrides>> = {
  preparing: { prepareVersion: () => untilCancelled() },
  entering: {
    verifyRouting: async ({ mode }: VerifyRoutingInput) => (mode === 'entered' ? untilCancelled() : verified()),
  },
  applying: {
    applyRouting: async (input: ApplyRoutingInput) => (hasShare(input) ? untilCancelled() : written(input)),
  },
  verifying: {
    verifyRouting: async ({ mode }: VerifyRoutingInput) => (mode === 'forward' ? untilCancelled() : verified()),
  },
  baking,
  'needs-person': {
    watchSlo: async ({ mode }: { mode: string }) => (mode === 'bake' ? seen('unknown') : untilCancelled()),
  },
};

const abortIn = (phase: Phase): Scenario => ({
  name: `abort-in-${phase}`,
  world: (service) => settlingWorld(service, hangs[phase]),
  play: async ({ start, until, say, run }) => {
    await start();
    await until(phase);
    await say('abort');
    await run().result();
  },
});

const inGate = (name: string, play: (stage: Stage) => Promise<void>): Scenario => ({
  name: `gate-${name}`,
  world: (service) => settlingWorld(service),
  play: async (stage) => {
    await stage.start(stage.plan({ approveAt: 0 }));
    await stage.until('gated');
    await play(stage);
    await stage.run().result();
  },
});

/** Passes bakes once a person has spoken. */
function pausable(service: string): SettlingWorld {
  let bakes = 0;
  return settlingWorld(service, {
    watchSlo: async ({ mode }: { mode: string }) => {
      if (mode === 'hold') return untilCancelled();
      bakes += 1;
      return bakes === 1 ? untilCancelled() : seen('healthy');
    },
  });
}

/** Writes of the two waves, with their entries; those after them confirm. */
const FORWARD_WRITES = 9;

/** Before the commit the last shares are written once more: those writes wait until the play lets them go on. */
function confirming(name: string, play: (stage: Stage, goOn: () => void) => Promise<void>): Scenario {
  const gate = Promise.withResolvers<undefined>();
  return {
    name,
    world: (service) => {
      let writes = 0;
      return settlingWorld(service, {
        applyRouting: async (input: ApplyRoutingInput) => {
          writes += 1;
          if (writes > FORWARD_WRITES) await gate.promise;
          return written(input);
        },
      });
    },
    play: async (stage) => {
      const names = Object.keys(stage.world.clusters);
      const owners = Object.fromEntries(names.map((one) => [one, { epoch: 1, run: 'r' }]));
      await stage.start(stage.plan({}, { owners }));
      await stage.until('confirming');
      await play(stage, () => gate.resolve(undefined));
      await stage.run().result();
    },
  };
}

export const messages: readonly Scenario[] = [
  ...(['preparing', 'entering', 'applying', 'verifying', 'baking', 'needs-person'] as const).map(abortIn),
  inGate('abort', ({ say }) => say('abort')),
  inGate('approve', async ({ say, until }) => {
    await say('approve');
    await until('gated');
    await say('approve');
  }),
  inGate('promote', async ({ say, until }) => {
    await say('promote', { full: false });
    await until('gated');
    await say('promote', { full: true });
  }),
  inGate('pause', async ({ say, until }) => {
    await say('pause');
    await say('approve');
    await until('paused');
    await say('resume');
    await until('gated');
    await say('pause');
    await say('approve');
    await until('paused');
    await say('abort');
  }),
  {
    name: 'promote-full-in-bake',
    world: pausable,
    play: async ({ start, until, say, run }) => {
      await start();
      await until('baking');
      await say('promote', { full: true });
      await run().result();
    },
  },
  {
    name: 'resume-bakes-again',
    world: (service) => {
      let bakes = 0;
      return settlingWorld(service, {
        watchSlo: async ({ mode }: { mode: string }) => {
          if (mode === 'hold') return untilCancelled();
          bakes += 1;
          return seen(bakes === 1 ? 'unknown' : 'healthy');
        },
      });
    },
    play: async ({ start, until, say, run }) => {
      await start();
      await until('needs-person');
      await say('resume');
      await run().result();
    },
  },
  {
    name: 'paused-from-the-start',
    world: (service) => settlingWorld(service, { ...hangs.preparing }),
    play: async ({ start, until, say, run }) => {
      await start();
      await until('preparing');
      await say('pause');
      await run().signal('alert', { reason: 'a recording' });
      await run().result();
    },
  },
  confirming('paused-before-commit', async ({ say, until }, goOn) => {
    await say('pause');
    goOn();
    await until('paused');
    await say('resume');
  }),
  confirming('abort-in-confirming', async ({ say }, goOn) => {
    await say('abort');
    goOn();
  }),
  {
    name: 'alert-in-bake',
    world: (service) => settlingWorld(service, baking),
    play: async ({ start, until, run }) => {
      await start();
      await until('baking');
      await run().signal('alert', { reason: 'a recording' });
      await run().result();
    },
  },
];

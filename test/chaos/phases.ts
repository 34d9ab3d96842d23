/** Where a rollout stands when the fault comes. Each phase ends by itself once it is released. */
import { TidegateError } from '../../core/values/error.ts';
import { limits } from '../support/limits.ts';
import { assertEventually } from '../support/eventually.ts';
import { clusters, type Rollout } from '../lab/lab-service.ts';
import { aws, held, type Phase, type Scene } from './scene.ts';

const twoWaves: Rollout = { canary: [50, 100], rest: [100] };
const oneWave: Rollout = { rest: [50, 100] };
const ofCanary = { exposed: [aws], share: 0.5 };
const ofAll = { exposed: clusters, share: 0.5 };

const deploy = async (scene: Scene): Promise<void> => {
  scene.run = await scene.stage.basket.deploy(scene.version);
};

/** The code of a refusal; '' when the change was taken. */
async function asked(scene: Scene): Promise<string> {
  try {
    await deploy(scene);
    return '';
  } catch (error) {
    // What nobody foresaw is no answer.
    if (error instanceof TidegateError && error.code !== 'Bug') return error.code;
    throw error;
  }
}

/** One cluster does not answer, so that the other clusters are written and this one is not. */
const hold = ({ stage }: Scene): Promise<void> => stage.lab.break('api-server', held, 'hung');
export const letGo = ({ stage }: Scene): Promise<void> => stage.lab.break('api-server', held, 'heal');

/** A run that has ended before it was met there gives no cell: it throws. */
async function untilPhase({ stage }: Scene, ...phases: readonly string[]): Promise<void> {
  await stage.basket.until(({ phase }) => phases.includes(phase));
}

export const phases: readonly Phase[] = [
  {
    name: 'start',
    rollout: oneWave,
    reach: () => Promise.resolve(),
    during: async (scene) => {
      scene.starting = asked(scene);
      // It is waited for after the fault: until then its failure is nobody's.
      scene.starting.catch(() => undefined);
    },
    ...ofAll,
  },
  { name: 'preparing', rollout: oneWave, reach: deploy, ...ofAll },
  {
    name: 'entry',
    rollout: oneWave,
    reach: async (scene) => {
      await deploy(scene);
      await untilPhase(scene, 'entering', 'applying', 'verifying', 'baking');
    },
    ...ofAll,
  },
  {
    name: 'between-clusters',
    rollout: oneWave,
    reach: async (scene) => {
      const { basket } = scene.stage;
      await deploy(scene);
      await untilPhase(scene, 'entering');
      await basket.say('pause', { reason: 'until one hangs' });
      await untilPhase(scene, 'paused');
      await hold(scene);
      await basket.say('resume', { reason: 'it hangs' });
      await assertEventually(async () => {
        if ((await basket.shares(aws))[scene.version] === undefined) throw new Error('aws is not written yet');
      }, limits.phase);
    },
    holds: true,
    ...ofAll,
  },
  {
    name: 'bake',
    rollout: { ...twoWaves, bake: '5s' },
    reach: async (scene) => {
      await deploy(scene);
      await untilPhase(scene, 'baking');
    },
    ...ofCanary,
  },
  {
    name: 'gate',
    rollout: { canary: [[50, 'approve'], 100], rest: [100] },
    reach: async (scene) => {
      await deploy(scene);
      await untilPhase(scene, 'gated');
    },
    release: async ({ stage: { basket } }) =>
      assertEventually(async () => {
        const { phase, outcome } = await basket.status();
        if (phase === 'gated') await basket.say('approve', { reason: 'looks good' });
        else if (outcome === null && phase === 'needs-person') throw new Error('it asks for a person');
      }, limits.phase),
    ...ofCanary,
  },
  {
    name: 'pin',
    rollout: oneWave,
    reach: async (scene) => {
      await deploy(scene);
      await untilPhase(scene, 'pinning', 'confirming', 'committing');
    },
    exposed: clusters,
    share: 1,
  },
  {
    name: 'commit',
    rollout: oneWave,
    reach: async (scene) => {
      await deploy(scene);
      await untilPhase(scene, 'confirming', 'committing');
    },
    exposed: clusters,
    share: 1,
  },
  {
    name: 'restore',
    rollout: { ...oneWave, bake: '10m' },
    reach: async (scene) => {
      const { basket } = scene.stage;
      await deploy(scene);
      await untilPhase(scene, 'baking');
      await hold(scene);
      await basket.say('abort', { reason: 'not good' });
      await basket.until(({ outstanding }) => outstanding.join() === held);
    },
    holds: true,
    ...ofAll,
  },
  {
    name: 'undo',
    rollout: { ...oneWave, warm: '10m' },
    reach: async (scene) => {
      const { basket } = scene.stage;
      await deploy(scene);
      await basket.end();
      scene.run = await basket.begin({ kind: 'undo' });
      await untilPhase(scene, 'entering', 'applying', 'verifying', 'baking');
    },
    exposed: clusters,
    share: 1,
    undoes: true,
  },
  {
    name: 'after-end',
    // The version that was replaced is still in the route.
    rollout: { ...oneWave, warm: '15s' },
    ended: true,
    reach: async (scene) => {
      await deploy(scene);
      await scene.stage.basket.end();
    },
    exposed: clusters,
    share: 1,
  },
];

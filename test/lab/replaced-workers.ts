/**
 * Workers with build ids are replaced while a rollout stands in each of its phases: by another build, by one whose rollout
 * code has changed, or by nobody for a minute. The lab's own worker has no build id, and gets nothing to do meanwhile.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { NativeConnection } from '@temporalio/worker';
import { DEFAULT_INSTALLATION } from '../../core/contract/installation.ts';
import { STANDS_STILL_MS, whyStuck } from '../../core/rollout/builds.ts';
import { sameTraffic } from '../../core/routing/weights.ts';
import { readOpenRuns } from '../../platform/temporal/open-runs.ts';
import { readWorkers, setCurrentBuild } from '../../platform/temporal/workers.ts';
import { createActivities, type WorkerActivities } from '../../worker/activities.ts';
import { startFleet, type Code, type Fleet } from '../support/builds.ts';
import { assertEventually } from '../support/eventually.ts';
import { limits } from '../support/limits.ts';
import { clusters } from './lab-service.ts';
import { theNextDeployIsTaken } from './runs.ts';
import type { Stage } from './stage.ts';

const TEST_MS = 900_000;
const AWAY_MS = 60_000;
const installation = DEFAULT_INSTALLATION;

interface Scene {
  readonly title: string;
  /** Brings a rollout into the phase. */
  begin(stage: Stage): Promise<void>;
  /** Lets it go on to its end. */
  release(stage: Stage): Promise<void>;
  readonly outcome: 'promoted' | 'restored';
}

const deploy = async ({ basket }: Stage): Promise<void> => void (await basket.deploy(basket.newVersion()));
const nothing = (): Promise<void> => Promise.resolve();

const scenes: readonly Scene[] = [
  {
    title: 'preparing',
    begin: async (stage) => {
      await stage.basket.configure({ canary: [50, 100], rest: [100], warm: '10m' });
      await deploy(stage);
    },
    ...{ release: nothing, outcome: 'promoted' },
  },
  {
    title: 'its first step',
    begin: async (stage) => {
      await stage.basket.configure({ canary: [50, 100], rest: [100], warm: '10m' });
      await deploy(stage);
      await stage.basket.until(({ phase }) => ['entering', 'applying', 'verifying'].includes(phase));
    },
    ...{ release: nothing, outcome: 'promoted' },
  },
  {
    title: 'a bake',
    begin: async (stage) => {
      await stage.basket.configure({ canary: [50, 100], rest: [100], bake: '15s', warm: '10m' });
      await deploy(stage);
      await stage.basket.until(({ phase }) => phase === 'baking');
    },
    ...{ release: nothing, outcome: 'promoted' },
  },
  {
    title: 'a gate',
    begin: async (stage) => {
      await stage.basket.configure({ canary: [[20, 'approve'], 100], rest: [100], warm: '10m' });
      await deploy(stage);
      await stage.basket.until(({ phase }) => phase === 'gated');
    },
    release: async ({ basket }) => void (await basket.say('approve', { reason: 'good' })),
    outcome: 'promoted',
  },
  {
    title: 'its way back',
    begin: async (stage) => {
      const { basket, lab } = stage;
      await basket.configure({ rest: [50, 100], bake: '10m', warm: '10m' });
      await deploy(stage);
      await basket.until(({ phase }) => phase === 'baking');
      await lab.break('api-server', clusters[2], 'hung');
      await basket.say('abort', { reason: 'not good' });
      await basket.until(({ outstanding }) => outstanding.length === 1 && outstanding[0] === clusters[2]);
    },
    release: ({ lab }) => lab.break('api-server', clusters[2], 'heal'),
    outcome: 'restored',
  },
];

export function replacedWorkers(given: () => Stage): void {
  describe('workers with build ids', () => {
    let last = 0;
    let connection: NativeConnection;
    let running: { readonly buildId: string; readonly code: Code; stop(): Promise<void> };
    const worlds: WorkerActivities[] = [];

    const start = async (buildId: string, code: Code): Promise<typeof running> => {
      const { env } = given().rig.lab;
      const world = createActivities({ directory: env.TIDEGATE_CONFIG, env: { ...process.env, ...env } });
      worlds.push(world);
      const { activities } = world;
      const fleet: Fleet = await startFleet({ connection, namespace: 'default' }, { code, buildId, activities });
      return { buildId, code, stop: () => fleet.stop() };
    };
    const promote = async (buildId: string): Promise<void> => {
      const { client } = given().rig;
      await assertEventually(() => setCurrentBuild(client, { installation, buildId }), limits.workerReady);
    };
    const next = async (code: Code): Promise<void> => {
      const before = running;
      running = await start(`test-${(last += 1)}`, code);
      await promote(running.buildId);
      retired.push(before);
    };
    /** They stay until the run that needs them has ended. */
    const retired: (typeof running)[] = [];

    beforeAll(async () => {
      connection = await NativeConnection.connect({ address: given().rig.lab.env.TEMPORAL_ADDRESS });
      running = await start('test-0', 'today');
      await promote(running.buildId);
    }, limits.labTest);
    beforeEach(() => given().settle(), TEST_MS);
    afterEach(() => Promise.all(retired.splice(0).map((one) => one.stop())), limits.labTest);
    afterAll(async () => {
      await setCurrentBuild(given().rig.client, { installation, buildId: '' });
      await running.stop();
      await Promise.all(worlds.map((one) => one.close()));
      await connection.close();
    }, limits.labTest);

    const replacements: Readonly<Record<string, () => Promise<void>>> = {
      'another build of the same code': () => next('today'),
      'a build with changed rollout code': () => next(running.code === 'today' ? 'changed' : 'today'),
      'nobody for a minute': async () => {
        const { buildId, code } = running;
        await running.stop();
        const goneMs = Date.now();
        await assertEventually(() => expect(Date.now() - goneMs).toBeGreaterThan(AWAY_MS), 2 * AWAY_MS);
        running = await start(buildId, code);
      },
    };

    it.each(scenes.flatMap((scene) => Object.keys(replacements).map((by) => [scene.title, by, scene] as const)))(
      'in %s are replaced by %s: the run ends by its name, and nothing stands still',
      async (_title, by, scene) => {
        const stage = given();
        const { basket, rig } = stage;
        await scene.begin(stage);
        const since = Date.now();
        await replacements[by]?.();
        await scene.release(stage);
        const { outcome, reason } = await basket.end();
        process.stderr.write(
          `${scene.title}, replaced by ${by}: ${String(outcome)}: ${reason} after ${Date.now() - since} ms\n`,
        );
        expect(outcome).toBe(scene.outcome);
        for (const cluster of clusters) {
          const { versions } = await basket.record(cluster);
          expect([cluster, sameTraffic(versions.current, versions.proven)]).toEqual([cluster, true]);
        }
        const workers = await readWorkers(rig.client, installation);
        const open = await readOpenRuns(rig.client, installation);
        expect(open.map((run) => whyStuck(run, workers, { nowMs: Date.now(), forMs: STANDS_STILL_MS }))).toEqual([]);
      },
      TEST_MS,
    );

    it('are as good as others: the next deploy is taken', () => theNextDeployIsTaken(given()), TEST_MS);
  });
}

/** A cluster that is drained and comes back; one that the mesh does not have; drills that hold, and that do not. */
import { clusterNames } from '../../support/facts.ts';
import { sharedWorld } from '../../support/shared-world.ts';
import { failing, type Scenario, type Stage } from './stage.ts';

const [, gcp] = clusterNames;

async function moves({ other, until, say, service }: Stage, does: 'drain' | 'restore'): Promise<void> {
  const run = await other('drainCluster', { cluster: gcp, does, service });
  await until('baking', 'topology');
  await say('promote', { full: false }, 'topology');
  await run.result();
}

export const drains: readonly Scenario[] = [
  {
    name: 'drain-and-return',
    world: sharedWorld,
    play: async (stage) => {
      await moves(stage, 'drain');
      await moves(stage, 'restore');
    },
  },
  {
    name: 'drain-of-a-stranger',
    world: sharedWorld,
    play: async ({ other, service }) =>
      failing((await other('drainCluster', { cluster: 'mars', does: 'drain', service })).result()),
  },
  {
    name: 'drill-that-holds',
    world: sharedWorld,
    play: async ({ other, until, say, service }) => {
      const drill = await other('drillCluster', { cluster: gcp, service, reason: 'a recording' });
      await until('baking', 'topology');
      await say('promote', { full: true }, 'topology');
      await drill.result();
    },
  },
  {
    name: 'drill-that-fails',
    world: sharedWorld,
    play: async ({ other, until, say, service }) => {
      const drill = await other('drillCluster', { cluster: gcp, service });
      await until('baking', 'topology');
      await say('abort', {}, 'topology');
      await drill.result();
    },
  },
  {
    name: 'drill-cancelled',
    world: sharedWorld,
    play: async ({ other, until, service }) => {
      const drill = await other('drillCluster', { cluster: gcp, service });
      await until('baking', 'topology');
      await drill.cancel();
      await failing(drill.result());
    },
  },
];

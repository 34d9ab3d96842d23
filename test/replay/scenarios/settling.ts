/** What the settler finds and does, and what a whole mesh is asked: audits, pauses, and a cluster that is forgotten. */
import type { SurveyServiceInput, SurveyServiceResult } from '../../../core/contract/settle-activities.ts';
import type { SettleInput } from '../../../core/contract/messages.ts';
import type { ClusterState } from '../../../core/workload/cluster-state.ts';
import { settlingWorld, type SettlingWorld } from '../../support/settling-world.ts';
import { baking } from './ends.ts';
import { controlQueue, failing, type Scenario, type Stage } from './stage.ts';
import { waitUntil } from './wait.ts';

const [aws, gcp, onprem] = ['aws-us-east-1', 'gcp-europe-west1', 'onprem-fra1'];

function at(world: SettlingWorld, name: string): SettlingWorld['clusters'][string] {
  const found = world.clusters[name];
  if (found === undefined) throw new RangeError(`no cluster ${name}`);
  return found;
}

/** As a rollout that was deleted with its guard leaves it. */
function halfMove(world: SettlingWorld, name: string): SettlingWorld {
  const one = at(world, name);
  const current = { [name]: { v1: 950_000, v2: 50_000 } };
  one.record = { ...one.record, versions: { ...one.record.versions, current, epoch: 5_000 } };
  one.versions = { ...one.versions, v2: null };
  return world;
}

const settle = ({ client, settler, plan }: Stage, carried: Partial<SettleInput> = {}): Promise<unknown> =>
  client.workflow.start('settle', {
    ...{ workflowId: settler.workflowId, taskQueue: controlQueue },
    args: [{ service: plan().service, known: null, ...carried } satisfies SettleInput],
  });

/** Everything that can be amiss in one cluster, at the first look; nothing at the next. */
function amiss(service: string, overrides: Parameters<typeof settlingWorld>[1] = {}): SettlingWorld {
  const plain = settlingWorld(service);
  let looks = 0;
  const first = (state: ClusterState): ClusterState => ({
    ...state,
    pinned: 'v0',
    versions: [...state.versions, { version: 'v3', objects: ['Deployment/v3'], serving: true, due: 'anew' }],
    holds: [{ autoscaler: service, version: 'v0', on: 'v0', replicas: 2 }],
    frontend: { portName: 'http', port: 9090, targetPort: 8080, selector: { app: 'checkout' } },
  });
  return settlingWorld(service, {
    ...overrides,
    surveyService: async (input: SurveyServiceInput): Promise<SurveyServiceResult> => {
      const seen = await plain.activities.surveyService(input);
      looks += 1;
      if (looks > 1) return seen;
      return {
        ...seen,
        clusters: seen.clusters.map((one) =>
          one.cluster === aws ? first(one) : one.cluster === gcp ? leaving(one) : one,
        ),
      };
    },
  });
}

/** Its clients call another cluster no more, and its Envoys still know it. */
const leaving = ({ record, ...state }: ClusterState): ClusterState => ({
  ...state,
  record: record && {
    ...record,
    topology: { ...record.topology, current: { ...record.topology.current, [onprem]: 0 } },
  },
});

const whole = (stage: Stage): Promise<void> =>
  waitUntil(() => {
    if (!stage.world.isWhole()) throw new Error('half moved');
  });

const word = { reason: 'a recording', by: 'ann' };

export const settling: readonly Scenario[] = [
  {
    name: 'settle-mends',
    world: amiss,
    play: async (stage) => {
      await settle(stage);
      await stage.settles();
    },
  },
  {
    name: 'settle-cannot-pin',
    world: (service) => amiss(service, { pinVersion: async () => [] }),
    play: async (stage) => {
      await settle(stage);
      await stage.settles();
    },
  },
  {
    name: 'settle-restores',
    world: (service) => halfMove(settlingWorld(service), aws),
    play: async (stage) => {
      await settle(stage);
      await whole(stage);
      await stage.settles();
    },
  },
  {
    name: 'settle-needs-person',
    world: (service) => halfMove(settlingWorld(service), aws),
    play: async (stage) => {
      await settle(stage, { carried: { rounds: 3, restoreRun: '', restoreAfterMs: 0, idleLooks: 0, log: [] } });
      await stage.settles('needs-person');
    },
  },
  {
    name: 'settle-waits-and-is-woken',
    world: (service) => {
      const world = settlingWorld(service);
      at(world, aws).unreachable = 'timeout';
      return world;
    },
    play: async (stage) => {
      await settle(stage);
      await stage.settles('waiting');
      at(stage.world, aws).unreachable = '';
      await stage.settler.signal('wake');
      await stage.settles();
    },
  },
  {
    name: 'settle-owned',
    world: (service) => settlingWorld(service, baking),
    play: async (stage) => {
      await stage.start();
      await stage.until('baking');
      await settle(stage);
      await stage.settles('owned');
      await stage.say('abort');
      await stage.run().result();
    },
  },
  {
    name: 'settle-stopped-by-a-run',
    world: (service) => settlingWorld(service, {}, 600_000),
    play: async (stage) => {
      await (await stage.start()).result();
      await stage.settles('waiting');
      await (await stage.start(stage.plan({}, { version: 'v3' }))).result();
    },
  },
  {
    name: 'pause-and-unpause',
    world: (service) => halfMove(settlingWorld(service), aws),
    play: async (stage) => {
      const { other, service, settles } = stage;
      await (await other('pause', { service, pause: word })).result();
      await settle(stage);
      await settles('paused');
      await (await other('audit', { service })).result();
      await (await other('pause', { service, pause: null })).result();
      await whole(stage);
    },
  },
  {
    name: 'pause-of-a-cluster',
    world: (service) => {
      const world = settlingWorld(service);
      at(world, onprem).unreachable = 'timeout';
      return world;
    },
    play: async ({ other }) => void (await (await other('pause', { cluster: gcp, pause: word })).result()),
  },
  {
    name: 'pause-that-is-refused',
    world: (service) => settlingWorld(service),
    play: async ({ other }) => failing((await other('pause', { cluster: 'mars', pause: word })).result()),
  },
  {
    name: 'audit-of-a-settled-mesh',
    world: (service) => settlingWorld(service),
    play: async ({ other }) => void (await (await other('audit', {})).result()),
  },
  {
    name: 'audit-that-wakes',
    world: (service) => {
      const world = halfMove(settlingWorld(service), gcp);
      at(world, aws).unreachable = 'timeout';
      return world;
    },
    play: async (stage) => {
      await (await stage.other('audit', { service: stage.service })).result();
      await stage.settles('waiting');
      await (await stage.other('audit', { service: stage.service, wakes: true })).result();
    },
  },
  {
    name: 'forget-a-cluster-that-answers',
    world: (service) => settlingWorld(service),
    play: async ({ other }) => failing((await other('forgetCluster', { cluster: onprem })).result()),
  },
  {
    name: 'forget-a-cluster-for-good',
    world: (service) => {
      const world = settlingWorld(service);
      at(world, onprem).unreachable = 'timeout';
      at(world, aws).record = { ...at(world, aws).record, absent: { [onprem]: { atMs: 7, reason: 'flooded' } } };
      return world;
    },
    play: async ({ other }) => void (await (await other('forgetCluster', { cluster: onprem })).result()),
  },
];

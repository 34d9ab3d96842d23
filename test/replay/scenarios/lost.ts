/** A cluster is lost: moved by itself, and by the word of a person; and the start by a schedule. */
import type { FailedOverClient, WatchClustersInput } from '../../../core/contract/failover.ts';
import { present } from '../../../core/values/json.ts';
import { WHOLE } from '../../../core/values/share.ts';
import { clusterNames } from '../../support/facts.ts';
import { settlingWorld, type SettlingWorld } from '../../support/settling-world.ts';
import type { Scenario } from './stage.ts';

const [aws, gcp, onprem] = clusterNames;

/** What is known of the load, and what the write says for its proof. */
interface Known {
  readonly ratePerReplica?: number;
  readonly wrote?: Pick<FailedOverClient, 'wrote'>;
}

/** Lost at the first look; then watched until a person was heard, and no longer. */
function lostWorld(service: string, known: Known = {}): SettlingWorld {
  let hear: () => void = () => undefined;
  const heard = new Promise<void>((resolve) => (hear = resolve));
  let [looks, isOver] = [0, false];
  const lost = { cluster: gcp, judgement: 'lost', atMs: 1_000, text: 'nobody answers' };
  const news = { news: [lost], answering: [aws, onprem] };
  return settlingWorld(service, {
    listServices: async () => ({
      ...{ mesh: service, clusters: clusterNames.map((name) => ({ name })) },
      services: [
        {
          service: { installation: 'default', mesh: service, namespace: 'shop', service },
          warmMs: 1_000,
          drainMs: 1_000,
          ...present({ ratePerReplica: known.ratePerReplica }),
        },
      ],
      ...(!isOver && { failover: 'auto' }),
    }),
    watchClusters: async ({ person }: WatchClustersInput) => {
      if (person !== undefined) {
        hear();
        return news;
      }
      looks += 1;
      if (looks === 1) return news;
      await heard;
      isOver = true;
      return { news: [{ ...lost, judgement: 'well' }], answering: clusterNames };
    },
    failOver: async () => ({
      clients: [{ cluster: aws, action: 'configured', shares: { [aws]: WHOLE }, failed: '', ...known.wrote }],
    }),
  });
}

export const lost: readonly Scenario[] = [
  {
    name: 'lost-and-moved',
    world: (service) => lostWorld(service),
    play: async ({ other, service }) => {
      const watch = await other('watchMesh', { mesh: service });
      await watch.executeUpdate('failOver', { args: [{ cluster: gcp, reason: 'a recording' }] });
      await watch.result();
    },
  },
  {
    name: 'lost-with-room',
    world: (service) =>
      lostWorld(service, {
        ratePerReplica: 50,
        wrote: { wrote: { weights: { a: WHOLE }, withdrawn: [], writtenAtMs: 1_000 } },
      }),
    play: async ({ other, service }) => {
      const watch = await other('watchMesh', { mesh: service });
      await watch.executeUpdate('failOver', { args: [{ cluster: gcp, reason: 'a recording' }] });
      await watch.result();
    },
  },
  {
    name: 'lost-by-schedule',
    world: (service) =>
      settlingWorld(service, { listServices: async () => ({ mesh: service, clusters: [], services: [] }) }),
    play: async ({ other, service, client }) => {
      await (await other('watchMesh', { mesh: service, sees: true })).result();
      await client.workflow.getHandle(`watch:default:${service}`).result();
    },
  },
];

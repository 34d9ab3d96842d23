/** Events that start and steer rollouts, and those that rollouts tell to sinks. */
import type { HandleEventInput, ReactToResult } from '../../../core/contract/events.ts';
import type { Reaction } from '../../../core/events/reaction.ts';
import { clusterNames } from '../../support/facts.ts';
import { testPlan } from '../../support/plans.ts';
import { settlingWorld } from '../../support/settling-world.ts';
import { baking } from './ends.ts';
import type { Scenario } from './stage.ts';

const image = 'ghcr.io/acme/checkout';

const pushed = (service: string): HandleEventInput => ({
  event: {
    ...{ specversion: '1.0', id: `push-of-${service}`, source: '/ghcr', type: 'dev.tidegate.image.pushed' },
    data: { image, tag: 'v2', digest: '', original: {} },
    extensions: {},
  },
  ...{ sender: 'ghcr', by: { name: 'ghcr', how: 'sender' }, trigger: 'images' },
  ...{ mesh: 'shop', namespace: 'shop', service },
});

const reacting = (service: string, reaction: Reaction) => async (): Promise<ReactToResult> => ({
  ...{ reaction, service: testPlan({ service }).service },
  clusters: clusterNames.map((name) => ({ name })),
});

const reason = 'a push';
const onConflict = 'queue';

export const events: readonly Scenario[] = [
  {
    name: 'told-to-a-sink',
    world: (service) => settlingWorld(service),
    play: async ({ start, plan, run }) => {
      await start(plan({}, { sinks: ['demo'] }));
      await run().result();
    },
  },
  {
    name: 'event-chooses-a-tag',
    world: (service) =>
      settlingWorld(service, {
        reactTo: reacting(service, { kind: 'choose', repository: image, policy: { semver: '*' }, onConflict, reason }),
        chooseImage: async () => ({ image: `${image}:v2@sha256:ab`, version: 'v2', reason: 'newest', refused: false }),
      }),
    play: async ({ other, run, service, settles }) => {
      await (await other('handleEvent', pushed(service))).result();
      await run().result();
      await settles('waiting');
    },
  },
  {
    name: 'event-says-a-version',
    world: (service) =>
      settlingWorld(service, {
        reactTo: reacting(service, { kind: 'deploy', version: 'v2', image: `${image}:v2`, onConflict, reason }),
        resolveImage: async () => `${image}:v2@sha256:ab`,
      }),
    play: async ({ other, run, service, settles }) => {
      await (await other('handleEvent', pushed(service))).result();
      await run().result();
      await settles('waiting');
    },
  },
  {
    name: 'event-aborts-a-run',
    world: (service) =>
      settlingWorld(service, {
        ...baking,
        reactTo: reacting(service, { kind: 'steer', saying: 'abort', of: null, reason }),
        findStep: async () => ({ of: { workflowId: 'w', runId: 'r', wave: -1, step: -1 }, reason: '' }),
        steerRun: async () => ({ refused: '', workflowId: 'w', runId: 'r' }),
      }),
    play: async ({ start, until, other, say, run, service }) => {
      await start();
      await until('baking');
      await (await other('handleEvent', pushed(service))).result();
      await say('abort');
      await run().result();
    },
  },
];

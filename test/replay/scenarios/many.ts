/** Changes that wait for their turn, and rollouts over many clusters. */
import { DEFAULT_INSTALLATION } from '../../../core/contract/installation.ts';
import type { StartRolloutInput } from '../../../core/contract/messages.ts';
import type { RolloutStatus } from '../../../core/rollout/machine/status.ts';
import { dropWaiting } from '../../../cli/rollouts/waiting.ts';
import { askForChange } from '../../../platform/temporal/start-change.ts';
import { settlingWorld } from '../../support/settling-world.ts';
import { baking } from './ends.ts';
import type { Scenario, Stage } from './stage.ts';
import { waitUntil } from './wait.ts';

const deployOf = (version: string) => ({ kind: 'deploy', version, image: `registry/checkout:${version}` }) as const;

/** The answer may be that it waits. */
async function ask({ client, service }: Stage, version: string, onConflict: StartRolloutInput['onConflict']) {
  const asking = { installation: DEFAULT_INSTALLATION, tell: () => undefined };
  await askForChange(client, { service, change: deployOf(version), ...(onConflict && { onConflict }) }, asking);
}

const bakes = ({ run }: Stage, version: string): Promise<void> =>
  waitUntil(async () => {
    const now = await run().query<RolloutStatus>('status');
    if (now.version !== version || now.phase !== 'baking') throw new Error(`${now.version} is ${now.phase}`);
  });

export const many: readonly Scenario[] = [
  {
    name: 'turn-superseded-queued-dropped',
    world: (service) => settlingWorld(service, baking),
    play: async (stage) => {
      const of = { mesh: 'shop', namespace: 'shop', service: stage.service, installation: DEFAULT_INSTALLATION };
      await ask(stage, 'v2', undefined);
      await bakes(stage, 'v2');
      await ask(stage, 'v3', 'supersede');
      await bakes(stage, 'v3');
      await ask(stage, 'v4', 'queue');
      await ask(stage, 'v5', 'queue');
      await dropWaiting(stage.client, of, 'a recording');
      await stage.say('abort');
      await stage.run().result();
    },
  },
  {
    name: 'fleet-in-turns',
    world: (service) => settlingWorld(service),
    play: async ({ start, plan }) => {
      const whole = plan();
      const waves = whole.waves.map((wave) => ({ ...wave, atOnce: 2 }));
      await (await start({ ...whole, waves })).result();
    },
  },
];

/** reactTo: what a trigger does about an event, by this worker's own config: the event only says what to look at. */
import type { ReactToInput, ReactToResult } from '../../core/contract/events.ts';
import { reactionOf } from '../../core/events/reaction.ts';
import { serviceRef } from '../../core/rollout/plan/frame.ts';
import { named } from '../../core/kube/cluster-ref.ts';
import { suggestName } from '../../core/config/nearest.ts';
import { refuse } from '../../core/values/error.ts';
import type { ConfigLoader } from '../../platform/config/load.ts';
import { assertOwn } from './own-mesh.ts';

/** @throws TidegateError Invalid */
export async function reactTo(
  { loadWithEvents }: Pick<ConfigLoader, 'loadWithEvents'>,
  input: ReactToInput,
): Promise<ReactToResult> {
  const { mesh, namespace, service } = input;
  const { config, events } = await loadWithEvents({ mesh, namespace, service });
  assertOwn(config.mesh);
  const trigger = events.triggers.find(({ name }) => name === input.trigger);
  if (trigger === undefined)
    return refuse(
      'Invalid',
      `the config of this worker has no Trigger ${input.trigger}`,
      suggestName(
        input.trigger,
        events.triggers.map(({ name }) => name),
      ),
    );
  if (!trigger.senders.includes(input.sender))
    return refuse('Invalid', `trigger ${trigger.name} does not hear ${input.sender}`, 'add the sender to spec.senders');
  const { event, sender, by } = input;
  return {
    reaction: reactionOf(trigger, { event, sender, by }),
    service: serviceRef(config),
    clusters: config.mesh.clusters.map(({ ref }) => named(ref)),
  };
}

/** Activities of the queue `tidegate-tell`: what sinks are told. No cluster is touched, and nobody waits for a sink. */
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import { deliverEvents } from './deliver-events.ts';
import type { TellDeps } from './ports.ts';

export const createTellActivities = (deps: TellDeps): ActivitiesOf<'tell'> => ({
  listSinks: async () => (await deps.readSinks()).map(({ name }) => name),
  deliverEvents: (input) => deliverEvents(deps, input),
});

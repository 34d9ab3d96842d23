/** Messages that a phase does not take, as the state machine hears them. */
import { partOf } from '../../routing/part.ts';
import type { Plan } from '../plan/plan.ts';
import { refuseMessage, type MessageType } from './refuse.ts';
import type { Next, RolloutEvent, RolloutState } from './state.ts';
import { logged } from './transition.ts';

/** Messages that the phase does not take; whoever cannot be refused, since it waits for no answer, finds it in the log. */
export function refusedSaying(plan: Plan, state: RolloutState, event: RolloutEvent): Next | null {
  const type = messageOf(event);
  if (type === null) return null;
  const why = refuseMessage(type, state, {
    part: partOf(plan),
    ...(event.type === 'giveUp' && { cluster: event.cluster }),
    ...(event.type === 'promote' && { breakGlass: event.breakGlass === true }),
    ...('of' in event && event.of !== undefined && { of: event.of }),
  });
  if (why === '') return null;
  if (event.type !== 'alert' && event.type !== 'cancel') return { state, commands: [] };
  return { state: logged(state, event.atMs, `${event.type} (${event.reason}) changes nothing: ${why}`), commands: [] };
}

/** An alert and a cancellation are taken as an abort is. */
function messageOf({ type }: RolloutEvent): MessageType | null {
  switch (type) {
    case 'approve':
    case 'pause':
    case 'resume':
    case 'abort':
    case 'promote':
    case 'giveUp':
      return type;
    case 'alert':
    case 'cancel':
      return 'abort';
    default:
      return null;
  }
}

/** What a message leaves behind: who said it, and that it has acted. */
import { personText } from '../../values/person.ts';
import type { RolloutEvent, RolloutState, Said } from './state.ts';

/** Messages that are kept: links and buttons ask whether they were used. */
const ACTED = 50;

/** ` by alice (slack)`; '' where nobody has said who. */
export const byWhom = ({ by }: Said): string => (by === undefined ? '' : ` by ${personText(by)}`);

/** Keeps the message where it names a moment. Everything else leaves the state as it is. */
export function acting(state: RolloutState, event: RolloutEvent): RolloutState {
  if (!('id' in event) || event.id === undefined) return state;
  const by = event.by === undefined ? 'somebody' : personText(event.by);
  return {
    ...state,
    acted: [...state.acted.slice(1 - ACTED), { id: event.id, type: event.type, by, atMs: event.atMs }],
  };
}

/** What one trigger does about one event, for one service: the values of its map, checked. */
import { compileExpression } from '../cel/expression.ts';
import type { TagPolicy, TriggerAction, TriggerConfig } from '../config/events/types.ts';
import type { Saying, SteeredStep } from './cloud-event.ts';
import { refuse } from '../values/error.ts';
import { shownValue } from '../values/shown-value.ts';
import { variablesOf, type HeardEvent } from './match.ts';
import { parseSteerData } from './steer.ts';

type OnConflict = Extract<TriggerAction, { type: 'deploy' }>['onConflict'];

export type Reaction = { readonly reason: string } & (
  | {
      readonly kind: 'choose';
      readonly repository: string;
      readonly policy: TagPolicy;
      readonly onConflict: OnConflict;
    }
  | {
      readonly kind: 'deploy';
      readonly version: string;
      /** '' = the template of the service has it. */
      readonly image: string;
      readonly onConflict: OnConflict;
    }
  | { readonly kind: 'undo' }
  /** `of` null: whatever runs now. */
  | { readonly kind: 'steer'; readonly saying: Saying; readonly of: SteeredStep | null }
  | { readonly kind: 'alert' }
);

/** Characters of a reason. */
const LONGEST_REASON = 500;

/** @throws TidegateError Invalid, with expression and value. */
export function reactionOf({ action, map, name }: TriggerConfig, heard: HeardEvent): Reaction {
  const variables = variablesOf(heard);
  const mapped = (text: string, instead: string): string => {
    if (text === '') return instead;
    const value = compileExpression(text).evaluate(variables);
    if (typeof value === 'string' && value !== '') return value;
    return refuse('Invalid', `\`${text}\` is ${shownValue(value)}, and not a text`, 'make a text of it: string(…)');
  };
  const { event } = heard;
  const told = mapped(
    map.reason,
    `${event.type} of ${heard.sender}${event.subject === undefined ? '' : ` about ${event.subject}`}`,
  );
  const reason = `${told.slice(0, LONGEST_REASON)} (trigger ${name}, event ${event.id.slice(0, 100)})`;
  switch (action.type) {
    case 'deploy': {
      const { from, onConflict } = action;
      if (from !== null) return { kind: 'choose', reason, onConflict, ...from };
      return { kind: 'deploy', reason, onConflict, version: mapped(map.version, ''), image: mapped(map.image, '') };
    }
    case 'undo':
      return { kind: 'undo', reason };
    case 'alert':
      return { kind: 'alert', reason };
    case 'steered':
      return steered(event.data, reason);
    default:
      return { kind: 'steer', reason, saying: action.type, of: null };
  }
}

function steered(data: unknown, reason: string): Reaction {
  const { action, step, reason: why } = parseSteerData(data, '');
  const said = why === '' ? '' : `${why.slice(0, LONGEST_REASON)}; `;
  return { kind: 'steer', saying: action, reason: `${said}${reason}`, of: step };
}

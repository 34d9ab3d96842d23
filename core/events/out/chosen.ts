/** Which events a sink wants. */
import { compileExpression } from '../../cel/expression.ts';
import { fitsType } from '../../config/events/event-types.ts';
import type { SinkConfig } from '../../config/events/types.ts';
import { refuse } from '../../values/error.ts';
import type { CloudEvent } from '../cloud-event.ts';

const takesEveryType = ({ type }: SinkConfig): boolean => type === 'http' || type === 'generic';

/** By its type alone. Chats and forges have words for Tidegate's own events only. */
export const wantsType = (sink: SinkConfig, { type }: CloudEvent): boolean =>
  sink.events.some((pattern) => fitsType(pattern, type)) && (takesEveryType(sink) || type.startsWith('dev.tidegate.'));

/** By its filter. @throws TidegateError Invalid: the filter gives no answer */
export function passesFilter({ name, filter }: SinkConfig, event: CloudEvent): boolean {
  if (filter === '') return true;
  const given = compileExpression(filter).evaluate({ event: asVariable(event) });
  if (typeof given === 'boolean') return given;
  return refuse(
    'Invalid',
    `filter of sink ${name} gives ${JSON.stringify(given)}`,
    'write an expression that is true or false',
  );
}

/** As expressions see an event. */
export const asVariable = ({ extensions, ...event }: CloudEvent): Record<string, unknown> => ({
  ...extensions,
  ...event,
});

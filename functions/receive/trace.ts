/** W3C trace context: what the request says goes with an event that does not say it itself. */
import type { CloudEvent } from '../../core/events/cloud-event.ts';

const traceparents = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The bound that the recommendation sets for what must be passed on. */
const STATE_MAX = 512;

/** The event's own extension names where it began, the header the last hop only: the extension stays. */
export function withTrace(event: CloudEvent, headers: Headers): CloudEvent {
  const traceparent = headers.get('traceparent') ?? '';
  if ('traceparent' in event.extensions || !traceparents.test(traceparent)) return event;
  const tracestate = headers.get('tracestate') ?? '';
  const state = tracestate === '' || tracestate.length > STATE_MAX ? {} : { tracestate };
  return { ...event, extensions: { ...event.extensions, traceparent, ...state } };
}

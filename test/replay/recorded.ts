/** What is read out of a history as Temporal's JSON has it. */

export interface HistoryEvent {
  readonly eventType: string;
  readonly [attributes: string]: unknown;
}

export const eventsOf = (history: unknown): readonly HistoryEvent[] =>
  (history as { events?: readonly HistoryEvent[] }).events ?? [];

/** A field of an event's attributes, however deep; undefined = it has none of that name. */
export function fieldOf(node: unknown, ...path: readonly string[]): unknown {
  const [name, ...rest] = path;
  if (name === undefined) return node;
  if (typeof node !== 'object' || node === null) return undefined;
  return fieldOf((node as Readonly<Record<string, unknown>>)[name], ...rest);
}

/** The attributes of an event, whatever its type. */
export const attributesOf = (event: HistoryEvent): unknown =>
  Object.entries(event).find(([key]) => key.endsWith('EventAttributes'))?.[1];

/** Decoded payloads: what a workflow, an activity or a message was given or has answered. */
export function payloadsOf(node: unknown): unknown[] {
  const payloads = fieldOf(node, 'payloads');
  if (!Array.isArray(payloads)) return [];
  return payloads.map((payload) => {
    const data = fieldOf(payload, 'data');
    return typeof data === 'string' && data !== ''
      ? (JSON.parse(Buffer.from(data, 'base64').toString()) as unknown)
      : undefined;
  });
}

/** What an event is about: the activity, the signal, the update, the patch, the child. */
export function subjectOf(event: HistoryEvent): string {
  const attributes = attributesOf(event);
  const subject =
    fieldOf(attributes, 'activityType', 'name') ??
    fieldOf(attributes, 'signalName') ??
    fieldOf(attributes, 'acceptedRequest', 'input', 'name') ??
    fieldOf(attributes, 'workflowType', 'name') ??
    patchOf(event);
  return typeof subject === 'string' ? subject : '';
}

/** The name that `patched` has marked; undefined: another event. */
export function patchOf(event: HistoryEvent): string | undefined {
  if (fieldOf(attributesOf(event), 'markerName') !== 'core_patch') return undefined;
  const [marked] = payloadsOf(fieldOf(attributesOf(event), 'details', 'patch-data'));
  const id = fieldOf(marked, 'id');
  return typeof id === 'string' ? id : undefined;
}

/** Histories with the same kinds of events, and the same end, took the same path. */
export const pathOf = (history: unknown): string =>
  [...new Set(eventsOf(history).map((event) => `${event.eventType}:${subjectOf(event)}`)), ...endsOf(history)]
    .toSorted()
    .join(' ');

/** How a settler says that it has ended. */
const endsOf = (history: unknown): string[] =>
  eventsOf(history)
    .flatMap((event) => payloadsOf(fieldOf(attributesOf(event), 'result')))
    .map((result) => fieldOf(result, 'phase'))
    .filter((phase) => typeof phase === 'string');

/** Without what only this machine has: process ids and stack traces. */
export function neutral(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(neutral);
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      if (typeof value !== 'string') return [key, neutral(value)];
      if (key === 'identity') return [key, 'recorded'];
      return [key, key === 'stackTrace' ? '' : value];
    }),
  );
}

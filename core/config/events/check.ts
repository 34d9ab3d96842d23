/** Sender, Trigger and Sink documents, each against its schema, and what they name against each other. */
import { checkShape, createShape } from '../shape.ts';
import type { ConfigProblem } from '../problem.ts';
import type { SourceDocument } from '../source.ts';
import { senderSchema } from './sender-schema.ts';
import { sinkSchema } from './sink-schema.ts';
import { triggerSchema } from './trigger-schema.ts';
import type { EventsConfig, SenderConfig, SinkConfig, TriggerConfig } from './types.ts';

const senderShape = createShape(senderSchema);
const triggerShape = createShape(triggerSchema);
const sinkShape = createShape(sinkSchema);

export interface CheckedEvents {
  readonly events: EventsConfig;
  readonly problems: readonly ConfigProblem[];
}

export function checkEvents(ofKind: (kind: string) => readonly SourceDocument[]): CheckedEvents {
  const problems: ConfigProblem[] = [];
  const senders = ofKind('Sender').flatMap((document): SenderConfig[] => {
    const { value, problems: found } = checkShape(document, senderShape);
    problems.push(...found);
    return value === undefined ? [] : [{ name: value.metadata.name, ...value.spec, perMinute: 600, burst: 100, allowedOrigins: [] }];
  });
  const triggers = ofKind('Trigger').flatMap((document): TriggerConfig[] => {
    const { value, problems: found } = checkShape(document, triggerShape);
    problems.push(...found);
    return value === undefined ? [] : [{ name: value.metadata.name, ...value.spec }];
  });
  const sinks = ofKind('Sink').flatMap((document): SinkConfig[] => {
    const { value, problems: found } = checkShape(document, sinkShape);
    problems.push(...found);
    return value === undefined ? [] : [{ name: value.metadata.name }];
  });
  return { events: { senders, triggers, sinks }, problems };
}

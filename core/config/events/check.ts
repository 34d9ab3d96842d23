/** Sender, Trigger and Sink documents, each against its schema, and what they name against each other. */
import { checkShape, createShape } from '../shape.ts';
import type { ConfigProblem } from '../problem.ts';
import type { SourceDocument } from '../source.ts';
import { senderSchema } from './sender-schema.ts';
import { sinkSchema } from './sink-schema.ts';
import { triggerSchema, type WrittenTrigger } from './trigger-schema.ts';
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
    if (value === undefined) return [];
    const { rateLimit, ...spec } = value.spec;
    return [{ name: value.metadata.name, ...spec, ...rateLimit, allowedOrigins: [] }];
  });
  const triggers = ofKind('Trigger').flatMap((document): TriggerConfig[] => {
    const { value, problems: found } = checkShape(document, triggerShape);
    problems.push(...found);
    return value === undefined ? [] : [triggerOf(value)];
  });
  const sinks = ofKind('Sink').flatMap((document): SinkConfig[] => {
    const { value, problems: found } = checkShape(document, sinkShape);
    problems.push(...found);
    return value === undefined ? [] : [{ name: value.metadata.name }];
  });
  return { events: { senders, triggers, sinks }, problems };
}

function triggerOf({ metadata, spec }: WrittenTrigger): TriggerConfig {
  const services = spec.services.map((written) => {
    const [namespace = '', name = ''] = written.split('/');
    return { namespace, name };
  });
  return { name: metadata.name, senders: spec.senders, services };
}

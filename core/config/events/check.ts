/** Sender, Trigger and Sink documents, each against its schema, and what they name against each other. */
import { present } from '../../values/json.ts';
import { checkShape, createShape } from '../shape.ts';
import type { ConfigProblem } from '../problem.ts';
import type { SourceDocument } from '../source.ts';
import { senderSchema, type WrittenSender } from './sender-schema.ts';
import { sinkConfig, sinkSchema } from './sink-schema.ts';
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
    return value === undefined ? [] : [senderOf(value)];
  });
  const triggers = ofKind('Trigger').flatMap((document): TriggerConfig[] => {
    const { value, problems: found } = checkShape(document, triggerShape);
    problems.push(...found);
    return value === undefined ? [] : [triggerOf(value)];
  });
  const sinks = ofKind('Sink').flatMap((document): SinkConfig[] => {
    const { value, problems: found } = checkShape(document, sinkShape);
    problems.push(...found);
    return value === undefined ? [] : [sinkConfig(value)];
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

function senderOf({ metadata, spec }: WrittenSender): SenderConfig {
  const { rateLimit, oidc, header, registry, trust, ...rest } = spec;
  return { name: metadata.name, ...rest, ...rateLimit, ...present({ oidc, header, registry, trust }) };
}

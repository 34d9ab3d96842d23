/** Sender, Trigger and Sink documents, each against its schema, and what they name against each other. */
import { checkShape, createShape } from '../shape.ts';
import { present, recordOf } from '../../values/json.ts';
import type { ConfigProblem } from '../problem.ts';
import type { SourceDocument } from '../source.ts';
import { senderSchema, type WrittenSender } from './sender-schema.ts';
import { sinkConfig, sinkSchema } from './sink-schema.ts';
import { checkTrigger, type Referable } from './check-trigger.ts';
import type { EventsConfig, SenderConfig, SinkConfig, TriggerConfig } from './types.ts';

const senderShape = createShape(senderSchema);
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
  const known: Referable = {
    senders: ofKind('Sender').map((document) => headOf(document).name),
    services: ofKind('Service')
      .map(headOf)
      .map(({ namespace, name }) => `${namespace}/${name}`),
  };
  const triggers = ofKind('Trigger').flatMap((document): TriggerConfig[] => {
    const { trigger, problems: found } = checkTrigger(document, known);
    problems.push(...found);
    return trigger === undefined ? [] : [trigger];
  });
  const sinks = ofKind('Sink').flatMap((document): SinkConfig[] => {
    const { value, problems: found } = checkShape(document, sinkShape);
    problems.push(...found);
    return value === undefined ? [] : [sinkConfig(value)];
  });
  return { events: { senders, triggers, sinks }, problems };
}

/** Readable even when the document has mistakes elsewhere. */
function headOf(document: SourceDocument): { readonly namespace: string; readonly name: string } {
  const { namespace, name } = recordOf(recordOf(document.value())['metadata']);
  return { namespace: String(namespace), name: String(name) };
}

function senderOf({ metadata, spec }: WrittenSender): SenderConfig {
  const { rateLimit, oidc, header, registry, trust, ...rest } = spec;
  return { name: metadata.name, ...rest, ...rateLimit, ...present({ oidc, header, registry, trust }) };
}

/**
 * What the specification of CDEvents 0.5.1 (spec.md, core.md, continuous-deployment.md, continuous-operations.md) asks of the
 * events that we send, as JSON Schemas in our own words.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

const text = { type: 'string', minLength: 1 } as const;
const uriReference = { ...text, format: 'uri-reference' } as const;
const uri = { type: 'string', format: 'uri' } as const;

/** Nothing but these fields. */
const only = (properties: Record<string, unknown>, required: readonly string[]): object => ({
  ...{ type: 'object', properties, required, additionalProperties: false },
});

const reference = only({ id: text, source: uriReference }, ['id']);
const outcome = { enum: ['success', 'failure', 'cancel', 'error'] };
const service = only({ environment: reference, artifactId: { ...text, pattern: '^pkg:' } }, [
  'environment',
  'artifactId',
]);
const incident = only(
  { description: { type: 'string' }, environment: reference, service: reference, artifactId: text },
  ['environment'],
);
const pipeline = { pipelineName: { type: 'string' }, uri };
const task = { taskName: { type: 'string' }, uri, pipelineRun: reference };
const ended = { outcome, errors: { type: 'string' } };

const contents: Readonly<Record<string, object>> = {
  'dev.cdevents.pipelinerun.started.0.3.0': only(pipeline, ['pipelineName', 'uri']),
  'dev.cdevents.pipelinerun.finished.0.3.0': only({ ...pipeline, ...ended }, []),
  'dev.cdevents.taskrun.started.0.3.0': only(task, []),
  'dev.cdevents.taskrun.finished.0.3.0': only({ ...task, ...ended }, []),
  'dev.cdevents.service.deployed.0.3.0': service,
  'dev.cdevents.service.upgraded.0.3.0': service,
  'dev.cdevents.service.rolledback.0.3.0': service,
  'dev.cdevents.incident.detected.0.3.0': incident,
  'dev.cdevents.incident.resolved.0.3.0': incident,
};

const eventOf = (type: string, content: object): object =>
  only(
    {
      context: only(
        {
          ...{ specversion: { const: '0.5.1' }, id: text, source: uriReference, type: { const: type } },
          ...{
            timestamp: { type: 'string', format: 'date-time' },
            schemaUri: uri,
            chainId: text,
            links: { type: 'array' },
          },
        },
        ['specversion', 'id', 'source', 'type', 'timestamp'],
      ),
      subject: only({ id: text, source: uriReference, content }, ['id', 'content']),
      customData: { type: ['object', 'string'] },
      customDataContentType: { type: 'string' },
    },
    ['context', 'subject'],
  );

const ajv = new Ajv2020({ allErrors: true, strict: true, allowUnionTypes: true });
(formats as unknown as (to: Ajv2020) => void)(ajv);

const validators = new Map(
  Object.entries(contents).map(([type, content]) => [type, ajv.compile(eventOf(type, content))]),
);

export const cdEventTypes = [...validators.keys()];

/** What is wrong with the data of a CDEvent; empty = nothing. */
export function cdEventFaults(data: unknown, type: string): string[] {
  const validate = validators.get(type);
  if (validate === undefined) return [`${type} is no type of CDEvents that is known here`];
  return validate(data) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

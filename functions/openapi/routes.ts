/**
 * functions/openapi: what the front door answers, written down once: zod schemas by route, which become the OpenAPI document
 * that it serves. A test sends requests, and holds every answer of the app against it.
 *
 *   documentedRoutes ──openApiDocument──► /openapi.json, docs/reference/openapi.json
 */
import { z } from 'zod';

export interface DocumentedAnswer {
  readonly about: string;
  /** By media type; empty = no body. */
  readonly bodies: Readonly<Record<string, z.ZodType>>;
  /** What each header says. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface DocumentedParameter {
  readonly in: 'path' | 'header' | 'query';
  readonly name: string;
  readonly about: string;
}

export interface DocumentedRoute {
  readonly method: 'get' | 'post' | 'options';
  /** As OpenAPI writes it: `/events/{sender}`. */
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly about: string;
  readonly parameters: readonly DocumentedParameter[];
  /** By media type; empty = takes no body. */
  readonly bodies: Readonly<Record<string, z.ZodType>>;
  readonly answers: Readonly<Record<string, DocumentedAnswer>>;
}

const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string().meta({ description: 'What is wrong and where, in one sentence.' }),
    at: z.string().optional().meta({ description: 'The attribute, header or path that is wrong.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details.' });

const result = z
  .object({
    outcome: z.enum(['started', 'queued', 'steered', 'ignored', 'refused', 'failed']),
    reason: z.string(),
    workflowId: z.string().meta({ description: 'Of the run that was started or steered; empty = none.' }),
    runId: z.string(),
  })
  .meta({ id: 'Result', description: 'What became of an event for one service; only where the sender waits.' });

const element = z
  .object({
    matched: z.int().min(0).meta({ description: 'How many services it is handed on for; 0 = no trigger wants it.' }),
    handled: z
      .array(
        z.object({
          trigger: z.string(),
          service: z.string().meta({ description: 'NAMESPACE/SERVICE.' }),
          workflowId: z.string(),
          duplicate: z
            .boolean()
            .meta({ description: 'Temporal has had this event before; nothing was started twice.' }),
          result: result.optional(),
        }),
      )
      .optional(),
    failed: z
      .array(z.object({ trigger: z.string(), expression: z.string(), reason: z.string() }))
      .optional()
      .meta({ description: 'Filters that had no value for this event: it was not handed on for them.' }),
  })
  .meta({ id: 'Handed', description: 'What became of one event.' });

const several = z
  .object({ matched: z.int().min(0), elements: z.array(z.union([element, problem])) })
  .meta({ id: 'HandedSeveral', description: 'One answer per element of a batch, in its order.' });

const noneValid = problem
  .extend({ elements: z.array(problem).optional() })
  .meta({ id: 'NoneValid', description: 'Problem details, with those of each element where several were sent.' });

const cloudEvent = z
  .looseObject({
    specversion: z.literal('1.0'),
    id: z.string().min(1),
    source: z.string().min(1).meta({ description: 'URI reference; with id the name of what has happened.' }),
    type: z.string().min(1),
    subject: z.string().min(1).optional(),
    time: z.string().optional().meta({ description: 'RFC 3339.' }),
    datacontenttype: z.string().optional(),
    dataschema: z.string().optional(),
    data: z.unknown().optional(),
    data_base64: z.string().optional(),
  })
  .meta({ id: 'CloudEvent', description: 'CloudEvents 1.0 in JSON; extension attributes beside.' });

const said = (about: string, bodies: Readonly<Record<string, z.ZodType>> = {}): DocumentedAnswer => ({ about, bodies });
const refused = (about: string, headers: Readonly<Record<string, string>> = {}): DocumentedAnswer => ({
  about,
  bodies: { 'application/problem+json': problem },
  headers,
});

const retryAfter = { 'Retry-After': 'Seconds.' };

const eventAnswers: DocumentedRoute['answers'] = {
  '200': said(
    'Handled, where the sender asked to wait and all results are known; or what the protocol of a sender wants.',
    {
      'application/json': z.union([element, several]),
      '*/*': z.string(),
    },
  ),
  '202': said('Accepted: Temporal has it. Nothing that is accepted is lost.', {
    'application/json': z.union([element, several]),
  }),
  '400': {
    about: 'No valid event; nothing of it was accepted.',
    bodies: { 'application/problem+json': z.union([noneValid, problem]) },
  },
  '401': refused('The sender is not known by this request.', { 'WWW-Authenticate': 'How one authenticates oneself.' }),
  '403': refused('The sender is known and may not do this.'),
  '404': refused('There is no such sender.'),
  '405': refused('Events are taken by POST.', { Allow: 'POST, OPTIONS' }),
  '408': refused('The body did not come in time.'),
  '413': refused('The body is too large.'),
  '415': refused('The content type is not known.'),
  '429': refused('The sender sends too fast.', retryAfter),
  '503': refused('Not accepted: Temporal cannot be reached. Send it again.', retryAfter),
  default: refused('A fault of the front door.'),
};

const registrationAnswers: DocumentedRoute['answers'] = {
  '204': {
    about: 'That origin may send.',
    bodies: {},
    headers: {
      'WebHook-Allowed-Origin': 'The origin.',
      'WebHook-Allowed-Rate': 'Requests a minute.',
      Allow: 'POST, OPTIONS',
    },
  },
  '400': refused('WebHook-Request-Origin is missing, or the rate is none.'),
  '403': refused('That origin may not send here.'),
  '404': refused('There is no such sender.'),
  default: refused('A fault of the front door.'),
};

const parameter = (where: DocumentedParameter['in'], name: string, about: string): DocumentedParameter => ({
  in: where,
  name,
  about,
});

const sender = parameter('path', 'sender', 'Name of a Sender document.');
const secretPath = parameter(
  'path',
  'secret',
  'The secret of a sender that can show it nowhere else (Docker Hub, Quay).',
);
const events: Pick<DocumentedRoute, 'method' | 'bodies' | 'answers'> = {
  method: 'post',
  bodies: {
    'application/cloudevents+json': cloudEvent,
    'application/cloudevents-batch+json': z.array(cloudEvent),
    '*/*': z
      .unknown()
      .meta({ description: 'The data of an event in binary mode, or what the sender makes of its events.' }),
  },
  answers: eventAnswers,
};
const eventHeaders: readonly DocumentedParameter[] = [
  parameter('header', 'Prefer', 'wait=N: answer when it is known what became of the event, N seconds at most (30).'),
  parameter('header', 'traceparent', 'W3C trace context, which goes with the event.'),
];
const registration: Pick<DocumentedRoute, 'method' | 'bodies' | 'answers' | 'about'> = {
  method: 'options',
  about: 'Abuse protection of the CloudEvents web hook specification. Consent is the headers; it authenticates nobody.',
  bodies: {},
  answers: registrationAnswers,
};
const registrationHeaders: readonly DocumentedParameter[] = [
  parameter('header', 'WebHook-Request-Origin', 'DNS name of who wants to send.'),
  parameter('header', 'WebHook-Request-Rate', 'Requests a minute that it would like to send.'),
];

export const documentedRoutes: readonly DocumentedRoute[] = [
  {
    ...events,
    path: '/events',
    id: 'sendEvents',
    summary: 'Send CloudEvents',
    about: 'In binary, structured or batch mode, from whichever Sender document of type cloudevents knows the request.',
    parameters: eventHeaders,
  },
  {
    ...events,
    path: '/events/{sender}',
    id: 'sendEventsOf',
    summary: 'Send events of a sender',
    about: 'In the format of its make, authenticated as its make does: see docs/how-to/receive-events.md.',
    parameters: [sender, ...eventHeaders],
  },
  {
    ...events,
    path: '/events/{sender}/{secret}',
    id: 'sendEventsBySecretPath',
    summary: 'Send events of a sender that has no other place for a secret',
    about: 'The path is never logged.',
    parameters: [sender, secretPath, ...eventHeaders],
  },
  {
    ...registration,
    path: '/events',
    id: 'register',
    summary: 'May I send here?',
    parameters: registrationHeaders,
  },
  {
    ...registration,
    path: '/events/{sender}',
    id: 'registerSender',
    summary: 'May I send here?',
    parameters: [sender, ...registrationHeaders],
  },
  {
    ...registration,
    path: '/events/{sender}/{secret}',
    id: 'registerBySecretPath',
    summary: 'May I send here?',
    parameters: [sender, secretPath, ...registrationHeaders],
  },
  approval('get', 'showApproval', 'What does this link approve?', 'Shows it, and does nothing.'),
  approval('post', 'useApproval', 'Approve by this link', 'Acts once, until the link expires, and only for its step.'),
  operation('/healthz', 'isAlive', 'Is the process alive?', {
    '200': said('It answers.', { 'application/json': z.object({ ok: z.literal(true) }).meta({ id: 'Alive' }) }),
  }),
  operation('/readyz', 'isReady', 'Can it accept events?', readiness()),
  operation('/metrics', 'readMetrics', 'Its own metrics', {
    '200': said("Prometheus' text format.", { 'text/plain': z.string() }),
  }),
  operation('/openapi.json', 'readOpenApi', 'This document', {
    '200': said('OpenAPI 3.1.', { 'application/json': z.looseObject({ openapi: z.literal('3.1.0') }) }),
  }),
];

function approval(method: 'get' | 'post', id: string, summary: string, about: string): DocumentedRoute {
  const page = (what: string): DocumentedAnswer => said(what, { 'text/html': z.string() });
  return {
    ...{ method, id, summary, about, path: '/approve/{token}', bodies: {} },
    parameters: [parameter('path', 'token', 'Of the link: the whole authority.')],
    answers: {
      '200': page('The page.'),
      '404': page('Nobody has signed this link.'),
      '409': page('The rollout does not stand at that step, or refuses.'),
      '410': page('It has expired, or was used, or the rollout has ended.'),
      '503': page('The rollout cannot be asked now; nothing was done.'),
      default: refused('A fault of the front door.'),
    },
  };
}

function operation(path: string, id: string, summary: string, answers: DocumentedRoute['answers']): DocumentedRoute {
  const common = { method: 'get', about: 'Says nothing that is secret.', parameters: [], bodies: {} } as const;
  return { ...common, path, id, summary, answers: { ...answers, default: refused('A fault of the front door.') } };
}

function readiness(): DocumentedRoute['answers'] {
  const ready = z
    .object({ ready: z.boolean(), config: z.string(), temporal: z.string() })
    .meta({ id: 'Readiness', description: 'Whether config and Temporal are there, and else why not.' });
  const bodies = { 'application/json': ready };
  return { '200': said('It can.', bodies), '503': said('It cannot: events would be answered 503.', bodies) };
}

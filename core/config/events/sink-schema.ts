/** The Sink document: where events of rollouts are sent, and how they look there. */
import { z } from 'zod';
import { compileExpression } from '../../cel/expression.ts';
import { TidegateError } from '../../values/error.ts';
import { isPrivateWay } from '../../values/loopback.ts';
import { API_VERSION } from '../mesh-schema.ts';
import { suggestName } from '../nearest.ts';
import { resourceName, secretRef, text } from '../values.ts';
import { defaultTypes, fitsType, typesOut } from './event-types.ts';

import type { SecretRef, SinkAddress, SinkConfig } from './types.ts';

/** Characters of a template. */
const TEMPLATE_MAX = 8_000;

/** Where the APIs of the public forges are. */
const apis = { github: 'https://api.github.com', gitlab: 'https://gitlab.com/api/v4' } as const;

type Refuse = (message: string, hint: string) => void;

const checked = (title: string, example: string, check: (written: string, refuse: Refuse) => void) =>
  z
    .string()
    .min(1)
    .superRefine((written, context) =>
      check(written, (message, hint) => context.addIssue({ code: 'custom', message, params: { hint } })),
    )
    .meta({ title, examples: [example] });

/** It is printed and logged, so it holds no secret. The message never repeats it. */
const sinkUrl = (example: string) =>
  checked('https URL', example, (written, refuse) => {
    if (!URL.canParse(written)) return refuse('is not a URL', `write something like ${example}`);
    const url = new URL(written);
    if (url.username !== '' || url.password !== '')
      return refuse('carries credentials', 'sign with spec.secrets, or put the whole address into a secret: urlFrom');
    if (url.hash !== '') return refuse('has a fragment', 'end it before the #');
    if (!isPrivateWay(url)) refuse('must be an https URL', 'write https://…; http goes to this machine only');
  });

const expression = (title: string, example: string) =>
  checked(title, example, (written, refuse) => {
    try {
      compileExpression(written);
    } catch (error) {
      if (!(error instanceof TidegateError)) throw error;
      refuse(error.message, error.fix);
    }
  });

const eventType = checked('type of event', 'dev.tidegate.rollout.ended', (written, refuse) => {
  if (typesOut.some((type) => fitsType(written, type))) return;
  refuse('is no type of event that Tidegate sends', suggestName(written, typesOut));
});

const secrets = z
  .array(secretRef)
  .max(2)
  .meta({
    description: 'Standard Webhooks secrets (whsec_…); with two of them both sign, while one replaces the other.',
  })
  .prefault([]);

const anySink = {
  events: z
    .array(eventType)
    .min(1)
    .meta({ description: 'Types of events, or beginnings of them with a * at the end. Left out: what suits the type.' })
    .optional(),
  filter: expression('CEL expression', "event.data.mesh == 'prod'")
    .meta({ description: 'Only events for which this is true are sent.' })
    .optional(),
  temporalUi: sinkUrl('https://temporal.example.com').optional(),
};

const url = sinkUrl('https://events.example.com/tidegate').optional();
const urlFrom = secretRef.meta({ description: 'The whole address is a secret.' }).optional();

const forge = {
  repository: z
    .string()
    .regex(/^[\w.-]+(?:\/[\w.-]+)+$/)
    .meta({ title: 'repository', examples: ['acme/checkout'] }),
  token: secretRef,
  sha: expression('CEL expression', 'event.data.version')
    .meta({ description: 'Gives the whole commit hash. Left out: the version is one.' })
    .optional(),
  ...anySink,
};

const spec = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('http'),
    ...{ url, urlFrom, secrets },
    mode: z.enum(['binary', 'structured']).meta({ description: 'Of CloudEvents over HTTP.' }).prefault('structured'),
    ...anySink,
  }),
  z.strictObject({ type: z.literal('slack'), url, urlFrom, ...anySink }),
  z.strictObject({ type: z.literal('teams'), url, urlFrom, ...anySink }),
  z.strictObject({
    type: z.literal('generic'),
    ...{ url, urlFrom, secrets },
    contentType: text('content type', 'application/json').prefault('application/json'),
    template: z
      .string()
      .min(1)
      .max(TEMPLATE_MAX)
      .meta({
        title: 'template',
        description: '{{data.service}} stands for a value of the event, escaped as within a JSON text.',
        examples: ['{"text": "{{data.service}}: {{data.reason}}"}'],
      }),
    ...anySink,
  }),
  z.strictObject({ type: z.literal('github'), url: sinkUrl(apis.github).prefault(apis.github), ...forge }),
  z.strictObject({ type: z.literal('gitlab'), url: sinkUrl(apis.gitlab).prefault(apis.gitlab), ...forge }),
]);

export const sinkSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Sink'),
  metadata: z.strictObject({ name: resourceName('sink name') }),
  spec: spec.superRefine((written, context) => {
    if (isForge(written.type)) return;
    const { url: own, urlFrom: secret } = written as { readonly url?: string; readonly urlFrom?: unknown };
    if ((own === undefined) !== (secret === undefined)) return;
    const message = own === undefined ? 'has no address' : 'has two addresses';
    context.addIssue({ code: 'custom', message, params: { hint: 'write either url or urlFrom' } });
  }),
});

const isForge = (type: string): boolean => type === 'github' || type === 'gitlab';

export type WrittenSink = z.output<typeof sinkSchema>;

export function sinkConfig({ metadata: { name }, spec: written }: WrittenSink): SinkConfig {
  const { type, filter = '', temporalUi = '' } = written;
  const any = { name, events: written.events ?? defaultTypes[type], filter, temporalUi };
  switch (written.type) {
    case 'http':
      return { ...any, type: written.type, to: addressOf(written), secrets: written.secrets, mode: written.mode };
    case 'slack':
    case 'teams':
      return { ...any, type: written.type, to: addressOf(written) };
    case 'generic': {
      const { secrets: signing, contentType, template } = written;
      return { ...any, type: written.type, to: addressOf(written), secrets: signing, contentType, template };
    }
    default: {
      const { url: api, repository, token, sha = '' } = written;
      return { ...any, type: written.type, url: api.replace(/\/+$/, ''), repository, token, sha };
    }
  }
}

interface Addressed {
  readonly url?: string | undefined;
  readonly urlFrom?: SecretRef | undefined;
}

/** Checked: one of the two is there. */
const addressOf = ({ url: own = '', urlFrom: from }: Addressed): SinkAddress =>
  from === undefined ? { url: own } : { from };

/** The Sender document: who may send events, and how it is known that it is them. */
import { z } from 'zod';
import { senderDefaults } from '../defaults.ts';
import { API_VERSION } from '../mesh-schema.ts';
import { resourceName, secretHeader, secretRef, text } from '../values.ts';
import { isPrivateWay } from '../../values/loopback.ts';
import { senderMakeNames } from './makes.ts';
import { senderFaults } from './sender-faults.ts';

/** Keys are fetched from it: who could change them on the way could sign tokens. */
const issuer = z
  .string()
  .refine(
    (written) => {
      if (!URL.canParse(written)) return false;
      const { protocol, hostname, username, password, search, hash } = new URL(written);
      if (username + password + search + hash !== '') return false;
      return isPrivateWay({ protocol, hostname });
    },
    {
      error: 'is no https URL of an issuer',
      params: { hint: 'write it as the tokens do in iss: https://token.actions.githubusercontent.com' },
    },
  )
  .meta({ title: 'issuer URL', examples: ['https://token.actions.githubusercontent.com'] });

const oidc = z
  .strictObject({
    issuer: issuer.meta({ description: 'Exactly as tokens have it in iss.' }),
    audience: text('audience', 'https://tidegate.example.com').meta({
      description: 'What tokens are made for; choose a name that no other receiver has.',
    }),
    claims: text('CEL expression', "claims.repository == 'acme/checkout' && claims.ref == 'refs/heads/main'").meta({
      description: 'Which tokens of the issuer may send: true lets in. An issuer gives tokens to strangers, too.',
    }),
  })
  .meta({ description: 'Identity tokens take the place of secrets.' });

const origin = z
  .string()
  .regex(/^(?:\*|[A-Za-z0-9](?:[-.A-Za-z0-9]*[A-Za-z0-9])?(?::\d{1,5})?)$/)
  .meta({ title: 'DNS name of a sender', examples: ['eventemitter.example.com'] });

const registryHost = z
  .string()
  .regex(/^[A-Za-z0-9](?:[-.A-Za-z0-9]*[A-Za-z0-9])?(?::\d{1,5})?(?:\/[a-z0-9][-._a-z0-9/]*[a-z0-9])?$/)
  .meta({ title: 'registry', examples: ['registry.example.com'] });

const rateLimit = z
  .strictObject({
    perMinute: z
      .int()
      .gte(1)
      .lte(60_000)
      .meta({ description: 'Requests a minute; more are answered 429.' })
      .prefault(senderDefaults.perMinute),
    burst: z
      .int()
      .gte(1)
      .lte(10_000)
      .meta({ description: 'Requests at once, before the rate counts.' })
      .prefault(senderDefaults.burst),
  })
  .prefault({});

const spec = z
  .strictObject({
    type: z.enum(senderMakeNames).meta({ title: 'make of sender', description: 'What sends.' }),
    secrets: z
      .array(secretRef)
      .max(2)
      .meta({ description: 'Where the secret lies; two of them are valid at once while one replaces the other.' })
      .prefault([]),
    oidc: oidc.optional(),
    header: secretHeader
      .meta({
        description: 'Header in which the secret comes (generic-hmac: the signature); Authorization if left out.',
      })
      .optional(),
    registry: registryHost
      .meta({ description: 'Where clusters pull what was pushed, for a sender that does not say or names another.' })
      .optional(),
    trust: z
      .literal('lambda')
      .meta({ description: 'Believe events that AWS itself hands to the Lambda function (EventBridge, SQS).' })
      .optional(),
    allowUnauthenticated: z
      .boolean()
      .meta({ description: 'Anybody may send in the name of this sender.' })
      .prefault(false),
    rateLimit,
    allowedOrigins: z
      .array(origin)
      .max(20)
      .meta({ description: 'Who may register this sender by OPTIONS (WebHook-Request-Origin); * = everybody.' })
      .prefault([]),
  })
  .superRefine((written, context) => {
    for (const { path, message, hint } of senderFaults(written))
      context.addIssue({ code: 'custom', path: [...path], message, params: { hint } });
  });

export const senderSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Sender'),
  metadata: z.strictObject({ name: resourceName('sender name') }),
  spec,
});

export type WrittenSender = z.output<typeof senderSchema>;

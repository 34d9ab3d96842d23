/** What a Service document says of requests one by one: how long they may take, who tests, and who stays on its arm. */
import { z } from 'zod';
import { policyDefaults, stickyDefaults } from '../defaults.ts';
import { duration } from '../values.ts';

export const policySchema = z.strictObject({
  requestTimeout: duration().prefault(policyDefaults.requestTimeout),
  idleTimeout: duration().prefault(policyDefaults.idleTimeout).meta({
    description:
      'A request of which nothing has moved for so long is ended (504; 408 while its body is still awaited), a stream or WebSocket is closed. 0s: never.',
  }),
  upstreamIdleTimeout: duration({ minMs: 1 }).prefault(policyDefaults.upstreamIdleTimeout),
  connectTimeout: duration({ minMs: 1 }).prefault(policyDefaults.connectTimeout),
});

/** Headers by which HTTP itself works, and Tidegate's own. Envoy knows `:authority` as host. */
const takenHeaders = /^(?:connection|content-length|cookie|host|te|transfer-encoding|upgrade|x-tidegate-version)$/i;

const cookieName = z
  .string()
  .regex(/^[-\w]{1,64}$/)
  .meta({ title: 'name of a cookie', examples: ['canary'] });

const cookieValue = z
  .string()
  .regex(/^[-\w.~]{1,128}$/)
  .meta({ title: 'value of a cookie', examples: ['always'] });

const header = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][-A-Za-z0-9_]{0,99}$/)
    .refine((name) => !takenHeaders.test(name), {
      error: 'has a meaning of its own',
      params: { hint: 'choose a header of your own, like x-canary; a cookie is written as cookie: {name, value}' },
    })
    .meta({ title: 'name of an HTTP header', examples: ['x-canary'] }),
  value: z
    .string()
    .regex(/^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/)
    .optional()
    .meta({
      title: 'value of a header',
      description: 'The whole value, letter by letter. Left out: whoever sends the header, whatever it says.',
      examples: ['always'],
    }),
});

export const testersSchema = z
  .strictObject({
    header: header.optional(),
    cookie: z.strictObject({ name: cookieName, value: cookieValue }).optional(),
  })
  .superRefine((written, context) => {
    if ((written.header === undefined) !== (written.cookie === undefined)) return;
    context.addIssue({
      code: 'custom',
      message: 'needs exactly one of header and cookie',
      params: { hint: 'write header: {name: x-canary}, or cookie: {name: canary, value: always}' },
    });
  })
  .meta({
    description:
      'Requests that reach the new version from its entry to the end of the rollout, whatever its share is; nobody else is sent there by it. They count as requests of the new version.',
    examples: [{ header: { name: 'x-canary' } }, { cookie: { name: 'canary', value: 'always' } }],
  });

export const stickySchema = z
  .strictObject({
    cookie: cookieName.optional().meta({ description: 'Left out: tidegate-<name of the service>.' }),
    ttl: duration({ minMs: 1000 }).prefault(stickyDefaults.ttl).meta({
      description: 'How long a browser keeps the cookie, from the first request on.',
    }),
    keeps: z.enum(['both', 'new']).prefault(stickyDefaults.keeps).meta({
      description:
        'both: whoever was sent to either version stays there. new: whoever was sent to the new one stays, and all others are sent anew with each request.',
    }),
  })
  .meta({
    description:
      'A cookie that keeps a user on its version while a rollout gives both a share. Left out: each request is sent by itself.',
    examples: [{}, { ttl: '1h', keeps: 'new' }],
  });

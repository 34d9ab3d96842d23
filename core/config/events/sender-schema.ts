/** The Sender document: who may send events, and how it is known that it is them. */
import { z } from 'zod';
import { API_VERSION } from '../mesh-schema.ts';
import { environmentVariable, resourceName, text } from '../values.ts';

export const secretRef = z.union([
  z.strictObject({ env: environmentVariable }),
  z.strictObject({ file: text('file path', '/var/run/secrets/github/webhook') }),
]);

export const senderSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Sender'),
  metadata: z.strictObject({ name: resourceName('sender name') }),
  spec: z.strictObject({
    type: text('make of sender', 'github'),
    secrets: z
      .array(secretRef)
      .max(2)
      .meta({ description: 'Where the secret lies; two of them are valid at once while one replaces the other.' })
      .prefault([]),
    allowUnauthenticated: z
      .boolean()
      .meta({ description: 'Anybody may send in the name of this sender.' })
      .prefault(false),
    rateLimit: z
      .strictObject({ perMinute: z.int().gte(1), burst: z.int().gte(1) })
      .prefault({ perMinute: 600, burst: 100 }),
  }),
});

export type WrittenSender = z.output<typeof senderSchema>;

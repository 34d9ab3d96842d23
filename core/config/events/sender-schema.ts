/** The Sender document: who may send events, and how it is known that it is them. */
import { z } from 'zod';
import { API_VERSION } from '../mesh-schema.ts';
import { resourceName, secretRef, text } from '../values.ts';

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
  }),
});

export type WrittenSender = z.output<typeof senderSchema>;

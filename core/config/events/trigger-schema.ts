/** The Trigger document: which events shall do what. */
import { z } from 'zod';
import { API_VERSION } from '../mesh-schema.ts';
import { resourceName, text } from '../values.ts';

export const triggerSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Trigger'),
  metadata: z.strictObject({ name: resourceName('trigger name') }),
  spec: z.strictObject({
    senders: z
      .array(resourceName('sender name'))
      .min(1)
      .meta({ description: 'Sender documents whose events it hears.' }),
    services: z.array(text('service as namespace/name', 'shop/checkout')).min(1),
    action: z.strictObject({ type: text('what it does', 'undo') }),
  }),
});

export type WrittenTrigger = z.output<typeof triggerSchema>;

/** The Sink document: where events of rollouts are sent. */
import { z } from 'zod';
import { API_VERSION } from '../mesh-schema.ts';
import { resourceName } from '../values.ts';

export const sinkSchema = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal('Sink'),
  metadata: z.strictObject({ name: resourceName('sink name') }),
  spec: z.strictObject({}),
});

export type WrittenSink = z.output<typeof sinkSchema>;

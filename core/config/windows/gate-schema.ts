/** A gate that is asked by a web request before a step. */
import { z } from 'zod';
import { gateDefaults } from '../defaults.ts';
import { duration, secretRef, signedUrl } from '../values.ts';

export const gateSchema = z
  .strictObject({
    url: signedUrl('URL of a gate', 'https://change.example.com/may-go'),
    secrets: z
      .array(secretRef)
      .min(1)
      .max(2)
      .meta({ description: 'What the question is signed with (Standard Webhooks); two while one replaces the other.' }),
    timeout: duration({ minMs: 1000, maxMs: 30 * 24 * 3_600_000 })
      .prefault(gateDefaults.timeout)
      .meta({ description: 'How long it may say wait (202, 409); then a person is asked.' }),
  })
  .meta({
    description:
      'Asked by a signed POST before the step: 200 lets it go, 202 and 409 are asked again, every other answer holds it for a person.',
  });

/** The mark that an adoption puts on the Deployment that it takes the place of. Anybody can edit an annotation. */
import * as z from 'zod';
import { annotations } from '../kube/labels.ts';
import type { Deployment } from '../kube/objects.ts';

const markSchema = z.object({
  /** The version that is to take its place. */
  for: z.string(),
  service: z.string(),
});

/** The version that an adoption of the service makes of it; null: none has marked it. */
export function originalOf({ metadata }: Deployment, service: string): string | null {
  try {
    const mark = markSchema.parse(JSON.parse(metadata.annotations?.[annotations.original] ?? 'null'));
    return mark.service === service ? mark.for : null;
  } catch {
    return null;
  }
}

export const originalMark = (service: string, version: string): string => JSON.stringify({ for: version, service });

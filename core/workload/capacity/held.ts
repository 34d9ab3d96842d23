/** What an autoscaler was before a rollout held it, as it is written on it: anybody can edit an annotation. */
import * as z from 'zod';
import { annotations } from '../../kube/labels.ts';
import type { KubeObject } from '../../kube/objects.ts';

const heldSchema = z.object({
  minReplicas: z.int().min(0),
  /** Of a ScaledObject: its replicas while nothing triggers it. Absent: it names none. */
  idle: z.int().min(0).optional(),
  /** The version whose rollout holds it. */
  for: z.string(),
  service: z.string(),
});

export type Held = z.infer<typeof heldSchema>;

/** null: nobody holds it. */
export function heldOf({ metadata }: KubeObject): Held | null {
  try {
    return heldSchema.parse(JSON.parse(metadata.annotations?.[annotations.held] ?? 'null'));
  } catch {
    return null;
  }
}

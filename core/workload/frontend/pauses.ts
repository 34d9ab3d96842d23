/**
 * Pauses: a person's word that Tidegate keeps its hands off a service, or off a cluster. They are annotations of frontend
 * Services, which Tidegate may write anyway, and which stay when a route or a record is lost.
 */
import * as z from 'zod';
import { annotations } from '../../kube/labels.ts';
import type { Service } from '../../kube/objects.ts';
import { instantText } from '../../values/instant.ts';

const wordSchema = z.object({
  reason: z.string(),
  /** Who said so, as they call themselves. */
  by: z.string(),
  /** Since when, ms since the epoch. */
  atMs: z.int().min(0),
});

export type PauseWord = z.infer<typeof wordSchema>;

export interface Pause extends PauseWord {
  readonly of: 'service' | 'cluster';
}

/** Of a service among all Services of its namespace: whoever came after a cluster was paused is paused with the others. */
export function pausesOf(service: string, services: readonly Service[]): Pause[] {
  const own = services.find(({ metadata }) => metadata.name === service)?.metadata.annotations?.[annotations.paused];
  const [cluster] = services.flatMap(({ metadata }) => metadata.annotations?.[annotations.clusterPaused] ?? []);
  return [
    ...(own === undefined ? [] : [{ of: 'service' as const, ...wordOf(own) }]),
    ...(cluster === undefined ? [] : [{ of: 'cluster' as const, ...wordOf(cluster) }]),
  ];
}

/** Whatever is written there means hands off: somebody may have set it with kubectl. */
function wordOf(text: string): PauseWord {
  try {
    return wordSchema.parse(JSON.parse(text));
  } catch {
    return { reason: text, by: 'an annotation set by hand', atMs: 0 };
  }
}

/** `paused since 2026-11-27T17:00:00Z by ann: the payment provider moves`. */
export function pauseText({ reason, by, atMs }: PauseWord): string {
  const since = atMs === 0 ? '' : ` since ${instantText(atMs)}`;
  return `paused${since} by ${by}: ${reason}`;
}

/** The command that ends it. */
export const unpauseHint = ({ of }: Pause, at: { readonly service: string; readonly cluster: string }): string =>
  `tidegate unpause ${of === 'service' ? at.service : `--cluster ${at.cluster}`}`;

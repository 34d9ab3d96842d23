/** Has somebody edited what Tidegate wrote for a record: its CiliumEnvoyConfig, or a Service of a subset? */
import { annotations } from '../kube/labels.ts';
import type { EnvoyConfig, KubeObject, Manifest, Service } from '../kube/objects.ts';
import { specManager } from '../kube/ownership.ts';
import { contradictions } from '../kube/read-back.ts';
import { desiredObjects } from '../render/render.ts';
import type { RoutingRecord } from '../routing/record.ts';
import { weightsOf } from '../routing/weights.ts';

export interface EditedRoute {
  /** What differs, in words: the first of its objects that does. */
  readonly text: string;
  /** Field manager that wrote that object's spec last; '' = nobody says. */
  readonly by: string;
}

interface WrittenObjects {
  readonly route: EnvoyConfig;
  /** Of the namespace. */
  readonly services: readonly Service[];
}

/** null: it is as it was written, or was written for something else than this record, and cannot be compared. */
export function editedRoute(record: RoutingRecord, { route, services }: WrittenObjects): EditedRoute | null {
  const asked = askedFor(record, route);
  if (asked === null) return null;
  const live: readonly KubeObject[] = [route, ...services];
  for (const one of asked.objects) {
    const { kind, metadata } = one;
    const found = live.find((other) => other.kind === kind && other.metadata.name === metadata.name);
    if (found === undefined) return { text: `${kind} ${metadata.name} is gone`, by: '' };
    const [wrong] = digestOf(one) === digestOf(found) ? contradictions(one, found) : [];
    if (wrong !== undefined) return { text: `${kind} ${metadata.name}: ${wrong}`, by: specManager(found) };
  }
  return null;
}

/**
 * What the route's digest says it was written as. Another renderer wrote it, or it keeps an older record's routes while
 * they drain, where no rendering of this record has that digest: then it is as it should be.
 */
export function askedFor(
  record: RoutingRecord,
  route: EnvoyConfig,
): { readonly redirect: boolean; readonly objects: readonly Manifest[] } | null {
  if (record.versions.proven === null || weightsOf(record, 'current').length === 0) return null;
  for (const redirect of [true, false]) {
    const objects = desiredObjects(record, { redirect });
    if (objects.some((one) => one.kind === route.kind && digestOf(one) === digestOf(route)))
      return { redirect, objects };
  }
  return null;
}

const digestOf = ({ metadata }: KubeObject | Manifest): string => metadata.annotations?.[annotations.digest] ?? '';

/** Cilium's annotations of global Services, under every key that Cilium reads, and as it reads their values. Pure. */
import { annotations } from './labels.ts';
import type { ObjectMeta } from './objects.ts';

type Annotated = Pick<ObjectMeta, 'annotations'>;

/** Each key with the one that it replaced: Cilium looks at the older one only where the newer is absent. */
const keys = {
  global: [annotations.global, 'io.cilium/global-service'],
  shared: [annotations.shared, 'io.cilium/shared-service'],
  affinity: [annotations.affinity, 'io.cilium/service-affinity'],
} as const;

/** The keys of cluster mesh, and whether their values are truths. */
export const ciliumWords: Readonly<Record<string, 'truth' | 'word'>> = {
  ...Object.fromEntries([...keys.global, ...keys.shared].map((key) => [key, 'truth' as const])),
  ...Object.fromEntries(keys.affinity.map((key) => [key, 'word' as const])),
  'service.cilium.io/global-sync-endpoint-slices': 'word',
};

function valueOf({ annotations: given = {} }: Annotated, names: readonly string[]): string | undefined {
  return names
    .map((name) => given[name])
    .find((value) => value !== undefined)
    ?.toLowerCase();
}

/** Does it take in the pods of other clusters? Any spelling of `true`, and nothing else: to Cilium `1` is false. */
export const globalOf = (meta: Annotated): boolean => valueOf(meta, keys.global) === 'true';

/** Do other clusters get its pods? A global Service shares them unless it says no; others share nothing. */
export const sharedOf = (meta: Annotated): boolean =>
  globalOf(meta) && (valueOf(meta, keys.shared) ?? 'true') === 'true';

/** `local`, `remote`, another word (none), or '' where nothing is said. Without effect on a Service that is not global. */
export const affinityOf = (meta: Annotated): string => valueOf(meta, keys.affinity) ?? '';

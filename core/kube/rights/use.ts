/** What services make use of, namespace by namespace: what one of them needs is no right in the namespace of another. */
import { usualUse, type RightsUse } from './needs.ts';

/** What counts of a service. */
export interface UsingService {
  readonly namespace: string;
  readonly config?: 'copy';
  /** Jobs before the first share; absent or empty: none. */
  readonly before?: readonly unknown[];
}

/** In a namespace without a service that is known: the role of everybody. */
export function useIn(services: readonly UsingService[], namespace: string): RightsUse {
  const there = services.filter((one) => one.namespace === namespace);
  if (there.length === 0) return usualUse;
  return {
    before: there.some(({ before = [] }) => before.length > 0),
    config: there.some(({ config }) => config === 'copy') ? 'copy' : 'none',
    foreignRoutes: true,
  };
}

/** Sorted, each once. */
export const namespacesOf = (services: readonly UsingService[]): string[] =>
  [...new Set(services.map(({ namespace }) => namespace))].toSorted();

/** The header route: who names a version in a header reaches it, also while it has no share. For tests before the first one. */
import { apportion, WHOLE } from '../values/share.ts';
import type { RoutingRecord, Weight } from './record.ts';

/** Fixed, so that tests need not be told. Its value is the version, letter by letter. */
export const VERSION_HEADER = 'x-tidegate-version';

/**
 * Where a request that asks for a version goes, of the live subsets: as the topology splits calls, among the clusters in
 * which that version is live. Empty: nobody asks, or no cluster that this client calls has the version.
 */
export function weightsTo(
  version: string | undefined,
  { topology }: Pick<RoutingRecord, 'topology'>,
  live: readonly Weight[],
): Weight[] {
  const own = live.filter((one) => one.version === version);
  const shares = Object.fromEntries(own.map(({ cluster }) => [cluster, topology.current?.[cluster] ?? 0]));
  const weights = apportion(shares, WHOLE);
  return own.map((one) => ({ ...one, weight: weights[one.cluster] ?? 0 })).filter(({ weight }) => weight > 0);
}

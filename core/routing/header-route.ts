/** The header route: who names a version in a header reaches it, also while it has no share. For tests before the first one. */
import { apportion, WHOLE } from '../values/share.ts';
import type { RoutingRecord, VersionsPart, Weight } from './record.ts';

/** Fixed, so that tests need not be told. Its value is the version, letter by letter. */
export const VERSION_HEADER = 'x-tidegate-version';

/** The part with the header route to that version; without a version: with none. */
export function withHeaderRoute(part: VersionsPart, version?: string): VersionsPart {
  const { headerRoute: _closed, ...rest } = part;
  return version === undefined ? rest : { ...rest, headerRoute: version };
}

/**
 * Where a request with the header goes, of the live subsets: as the topology splits calls, among the clusters in which that
 * version is live. Empty: there is no header route, or no cluster that this client calls has the version.
 */
export function headerWeights(
  { topology, versions }: Pick<RoutingRecord, 'topology' | 'versions'>,
  live: readonly Weight[],
): Weight[] {
  const own = live.filter(({ version }) => version === versions.headerRoute);
  const shares = Object.fromEntries(own.map(({ cluster }) => [cluster, topology.current?.[cluster] ?? 0]));
  const weights = apportion(shares, WHOLE);
  return own.map((one) => ({ ...one, weight: weights[one.cluster] ?? 0 })).filter(({ weight }) => weight > 0);
}

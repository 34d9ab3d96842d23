/** What the Envoys of the other clusters count of their calls to one cluster: by its subsets, which their records name. */
import type { WatchClustersInput } from '../../core/contract/failover.ts';
import { splitGauges } from '../../core/judge/arms/subset-traffic.ts';
import { countIncrements, type Counted } from '../../core/judge/series/counters.ts';
import { envoyTraffic } from '../../core/judge/series/selectors.ts';
import type { EnvoyConfig } from '../../core/kube/objects.ts';
import { recordIn } from '../../core/routing/found-record.ts';
import { weightsOf } from '../../core/routing/weights.ts';
import {
  areTooRare,
  LONGEST_WINDOW_MS,
  peerCalls,
  RARE_RANGE_MS,
  type PeerCalls,
} from '../../core/topology/peer-calls.ts';
import { TidegateError } from '../../core/values/error.ts';
import { distinct } from '../../core/values/share.ts';
import { ownedRoutes } from '../owned-routes.ts';
import type { ActivityPort, Clock, NamedClusters, ObserveDeps } from '../ports.ts';

export interface PeerDeps extends Pick<ObserveDeps, 'connectMetrics'> {
  readonly clusters: NamedClusters;
  readonly clock: Clock;
  readonly activity: Pick<ActivityPort, 'signal'>;
}

interface AskedPeers extends Pick<WatchClustersInput, 'mesh' | 'services'> {
  readonly cluster: string;
  /** Clusters that can be asked whom they call. */
  readonly answering: readonly string[];
  /** Only calls since then count, ms since the epoch; 0 = all. */
  readonly sinceMs: number;
}

/** Whoever answers later cannot say, ms: the watch of the others goes on. */
const ANSWER_MS = 4_000;

interface Asking extends AskedPeers {
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Calls that were under way when others were moved end within, ms. */
const IN_FLIGHT_MS = 5_000;

export async function askPeers(deps: PeerDeps, asked: AskedPeers): Promise<PeerCalls> {
  const ends = deps.activity.signal();
  const signal = AbortSignal.any([ends, AbortSignal.timeout(ANSWER_MS)]);
  try {
    return await askWithin(deps, { ...asked, signal });
  } catch (error) {
    ends.throwIfAborted();
    if (signal.aborted) return { vote: 'unknown', text: `nobody has said in ${String(ANSWER_MS)} ms` };
    if (error instanceof TidegateError) return { vote: 'unknown', text: error.message };
    throw error;
  }
}

async function askWithin(deps: PeerDeps, asked: Asking): Promise<PeerCalls> {
  const metrics = await deps.connectMetrics(asked.mesh);
  if (metrics === null) return { vote: 'unknown', text: 'the mesh has no metrics' };
  const clusters = asked.answering.filter((name) => name !== asked.cluster);
  const stats = distinct((await Promise.all(clusters.map((name) => statsIn(deps, { ...asked, client: name })))).flat());
  if (stats.length === 0) return { vote: 'unknown', text: 'nobody calls it' };
  const offsetMs = await metrics.clockOffsetMs(asked.signal);
  const nowMs = deps.clock.nowMs() + offsetMs;
  const countsOf = async (rangeMs: number): Promise<Counted> => {
    const read = await metrics.range({ series: envoyTraffic({ stats, clusters }), toMs: nowMs, rangeMs }, asked.signal);
    return countIncrements(splitGauges(read).counters, nowMs - rangeMs);
  };
  const soon = await countsOf(LONGEST_WINDOW_MS);
  const counted = areTooRare(soon) ? await countsOf(RARE_RANGE_MS) : soon;
  const sinceMs = asked.sinceMs === 0 ? 0 : asked.sinceMs + IN_FLIGHT_MS + offsetMs;
  return peerCalls(counted, { stats, cluster: asked.cluster, nowMs, sinceMs });
}

/** Stat names of the subsets in `cluster` that clients of `client` call. What cannot be read names none. */
async function statsIn({ clusters }: PeerDeps, asked: Asking & { readonly client: string }): Promise<string[]> {
  const { cluster: serving, client } = asked;
  try {
    const routes = await ownedRoutes(clusters, asked);
    return routes.flatMap((route) => calledIn(route, { client, serving }));
  } catch (error) {
    if (error instanceof TidegateError) return [];
    throw error;
  }
}

/** A record that somebody has broken by hand names none, and hides no other. */
function calledIn(
  route: EnvoyConfig,
  { client, serving }: { readonly client: string; readonly serving: string },
): string[] {
  try {
    const record = recordIn(route, client);
    const weights = record === null ? [] : weightsOf(record, 'current');
    return weights.filter(({ cluster, weight }) => cluster === serving && weight > 0).map(({ statName }) => statName);
  } catch (error) {
    if (error instanceof TidegateError) return [];
    throw error;
  }
}

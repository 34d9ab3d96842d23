/** Who can take the calls of a lost cluster: what is proven and ready in those that answer. */
import { mainVersion } from '../routing/weights.ts';
import type { VersionShares } from '../routing/record.ts';
import type { Flow } from '../topology/drilled.ts';
import { roomFor, type Homeless, type Roomed, type Survivor } from '../topology/room.ts';
import { sum } from '../values/share.ts';
import type { ClusterFacts } from '../workload/facts.ts';
import { pauseText, unpauseHint } from '../workload/frontend/pauses.ts';
import { provenEntry, workloadOf } from './preflight/serving-facts.ts';
import { drainsIn } from './preflight/wanted-topology.ts';

/** A cluster that is drained, or whose version has no ready pod, takes none; one without a Deployment that is known may. */
export function servesWithout(facts: readonly ClusterFacts[], lost: string): VersionShares {
  const drained = drainsIn(facts);
  const entries = facts
    .filter(({ cluster, unreachable }) => cluster !== lost && unreachable === '' && drained[cluster] === undefined)
    .flatMap((one) => {
      const entry = provenEntry(facts, one.cluster);
      const ready = workloadOf(one, mainVersion(entry ?? undefined))?.ready;
      return entry === null || ready === 0 ? [] : [[one.cluster, entry] as const];
    });
  return Object.fromEntries(entries);
}

/** Ready pods of the version that is proven in each cluster that was read. */
export function readyPods(facts: readonly ClusterFacts[]): Readonly<Record<string, number>> {
  const entries = facts.flatMap((one) => {
    const ready = workloadOf(one, mainVersion(provenEntry(facts, one.cluster) ?? undefined))?.ready;
    return ready === undefined ? [] : [[one.cluster, ready] as const];
  });
  return Object.fromEntries(entries);
}

interface Sharing {
  readonly lost: string;
  readonly failover: readonly string[];
  readonly ratePerReplica: number;
  readonly flows: readonly Flow[];
}

/** Whom spec.failover names comes first, then whoever answers the client already, then all others. null: not measured. */
export function roomWithout(facts: readonly ClusterFacts[], sharing: Sharing): (Roomed & { perSecond: number }) | null {
  const { lost, failover, ratePerReplica, flows } = sharing;
  const serves = Object.keys(servesWithout(facts, lost)).toSorted();
  const pods = readyPods(facts);
  // Pods that are not known may be there: nobody can say what has room then.
  if (flows.length === 0 || serves.some((name) => pods[name] === undefined)) return null;
  const loadOf = (of: (flow: Flow) => boolean): number => sum(flows.filter(of).map(({ perSecond }) => perSecond));
  const survivors = serves.map((name) => [
    name,
    { capacity: (pods[name] ?? 0) * ratePerReplica, load: loadOf(({ serving }) => serving === name) },
  ]);
  const homeless = facts.flatMap(({ cluster: client, record }): Homeless[] => {
    const perSecond = loadOf((one) => one.client === client && one.serving === lost);
    if (record === null || client === lost || perSecond === 0) return [];
    const called = serves.filter((name) => (record.topology.current?.[name] ?? 0) > 0 && !failover.includes(name));
    const others = serves.filter((name) => !called.includes(name) && !failover.includes(name));
    const first = failover.filter((name) => serves.includes(name)).map((name) => [name]);
    return [{ client, perSecond, tiers: [...first, called, others] }];
  });
  const perSecond = sum(homeless.map((one) => one.perSecond));
  return { ...roomFor(homeless, Object.fromEntries(survivors) as Record<string, Survivor>), perSecond };
}

/**
 * Why the calls of a client are not moved; '' = nobody has asked for hands off. A service that is paused in one cluster is
 * paused in all; of a cluster that is paused only its own clients stay as they are.
 */
export function handsOff(
  facts: readonly ClusterFacts[],
  { client, service }: { readonly client: string; readonly service: string },
): string {
  for (const { cluster, pauses = [] } of facts) {
    const pause = pauses.find(({ of }) => of === 'service' || cluster === client);
    if (pause === undefined) continue;
    const what = pause.of === 'service' ? service : cluster;
    return `${what} is ${pauseText(pause)} (${unpauseHint(pause, { service, cluster })})`;
  }
  return '';
}

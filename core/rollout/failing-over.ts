/** Who can take the calls of a lost cluster: what is proven and ready in those that answer. */
import { mainVersion } from '../routing/weights.ts';
import type { VersionShares } from '../routing/record.ts';
import type { ClusterFacts } from '../workload/facts.ts';
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

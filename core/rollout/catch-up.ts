/** A cluster that returns may have missed a version: the deploy by which it catches up. The waves skip whoever has it. */
import { mainVersion } from '../routing/weights.ts';
import { present } from '../values/json.ts';
import { positiveNames } from '../values/share.ts';
import type { ClusterFacts } from '../workload/facts.ts';
import type { Change } from './change.ts';
import { provenEntry, workloadOf } from './preflight/serving-facts.ts';

interface Missed {
  readonly cluster: string;
  /** When it was drained, ms since the epoch: what was planned before that is no news to it. */
  readonly sinceMs: number;
}

export interface CatchUp {
  readonly change: Extract<Change, { kind: 'deploy' }>;
  /** What it serves itself; '' = nothing is proven there. */
  readonly serves: string;
  /** Other clusters that do not serve that version: the deploy would move them, too, maybe to what has failed there. */
  readonly others: readonly string[];
}

/** null: nothing was proven elsewhere meanwhile, or it serves that already. */
export function catchUpOf(facts: readonly ClusterFacts[], { cluster, sinceMs }: Missed): CatchUp | null {
  const own = mainVersion(provenEntry(facts, cluster) ?? undefined);
  let newest = { version: '', commit: sinceMs };
  for (const { record } of facts)
    for (const [serving, commit] of Object.entries(record?.versions.commits ?? {})) {
      const version = mainVersion(record?.versions.proven?.[serving]);
      if (serving !== cluster && version !== '' && commit > newest.commit) newest = { version, commit };
    }
  const { version } = newest;
  if (version === '' || version === own) return null;
  const here = facts.find((one) => one.cluster === cluster);
  const made = [...(here === undefined ? [] : [here]), ...facts].flatMap((one) => workloadOf(one, version) ?? []);
  const called = new Set(facts.flatMap(({ record }) => positiveNames(record?.topology.proven ?? {})));
  const others = [...called].filter((name) => {
    const served = mainVersion(provenEntry(facts, name) ?? undefined);
    return name !== cluster && served !== '' && served !== version;
  });
  return {
    change: { kind: 'deploy', version, ...present({ image: made[0]?.image }) },
    serves: own,
    others: others.toSorted(),
  };
}

/** Where an earlier run has left the records: what a new one may start from. */
import type { RoutingRecord } from '../../routing/record.ts';
import { sameTraffic, mainVersion } from '../../routing/weights.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import { isFresh } from './serving-facts.ts';
import type { Problem, Asked } from './problem.ts';

export function stateProblems(one: ClusterFacts, where: string, { change, facts, config }: Asked): Problem[] {
  if (halfMoved(one.record)) return [halfMovedProblem(where)];
  if (!isFresh(one) || change.kind === 'adopt') return [];
  // A release that ended half way goes on where it ended.
  if (change.kind === 'release' && !facts.every(isFresh)) return [];
  return [{ code: 'Invalid', text: `${where} is not adopted`, fix: `run: tidegate adopt ${config.service.name}` }];
}

/** Clients that differ in what is proven in one serving cluster: a commit ended half way. */
export function splitProblems({ facts, config, change }: Asked): Problem[] {
  // Both bring all clients to one state, whatever each has now.
  if (change.kind === 'undo' || change.kind === 'release') return [];
  const serving = [...new Set(facts.flatMap((one) => Object.keys(one.record?.versions.proven ?? {})))];
  return serving.flatMap((name) => {
    const routed = facts.filter((one) => (one.record?.topology.current?.[name] ?? 0) > 0);
    const versions = new Set(routed.map((one) => mainVersion(one.record?.versions.proven?.[name])));
    if (versions.size <= 1) return [];
    const text = `${config.service.name}: client clusters differ in what is proven in ${name}: ${[...versions].join(', ')}`;
    return [
      {
        code: 'HalfMoved',
        text,
        fix: 'run: tidegate undo --version V, with the version that all shall serve',
      } satisfies Problem,
    ];
  });
}

const halfMoved = (record: RoutingRecord | null): boolean =>
  record !== null && !sameTraffic(record.versions.current, record.versions.proven);

const halfMovedProblem = (where: string): Problem => ({
  code: 'HalfMoved',
  text: `${where}: current traffic differs from the proven one, and no run owns it (a rollout was terminated?)`,
  fix: 'run: tidegate restore, then start again',
});

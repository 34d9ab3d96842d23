/** Where an earlier run has left the records: what a new one may start from. */
import type { RoutingRecord } from '../../routing/record.ts';
import { sameTraffic, mainVersion } from '../../routing/weights.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import { watchHint } from '../running.ts';
import { isFresh } from './serving-facts.ts';
import type { Problem, Asked } from './problem.ts';

export function stateProblems(one: ClusterFacts, where: string, asked: Asked): Problem[] {
  const { change, facts, config, running } = asked;
  // A rollout that runs has moved it, and brings it to an end: promoted, or back to what is proven.
  if (halfMoved(one.record) && running === undefined) return [halfMovedProblem(where)];
  if (!isFresh(one) || change.kind === 'adopt') return [];
  // A release that ended half way goes on where it ended.
  if (change.kind === 'release' && !facts.every(isFresh)) return [];
  if (running?.status?.kind === 'adopt') return [adoptingProblem(where, config.service.name)];
  return [{ code: 'Invalid', text: `${where} is not adopted`, fix: `run: tidegate adopt ${config.service.name}` }];
}

/** Clients that differ in what is proven in one serving cluster: a commit ended half way. */
export function splitProblems({ facts, config, change, running }: Asked): Problem[] {
  // A commit is under way, cluster by cluster.
  if (running !== undefined) return [];
  // Both bring all clients to one state, whatever each has now.
  if (change.kind === 'undo' || change.kind === 'release') return [];
  const serving = [...new Set(facts.flatMap((one) => Object.keys(one.record?.versions.proven ?? {})))];
  return serving.flatMap((name) => {
    // What an adoption that was taken back has left behind says nothing of what is proven.
    const routed = facts.filter((one) => !isFresh(one) && (one.record?.topology.current?.[name] ?? 0) > 0);
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

const adoptingProblem = (where: string, service: string): Problem => ({
  code: 'Conflict',
  text: `${where} is being adopted right now`,
  fix: `plan it when that has ended; ${watchHint(service)}`,
});

const halfMovedProblem = (where: string): Problem => ({
  code: 'HalfMoved',
  text: `${where}: current traffic differs from the proven one, and no run owns it (a rollout was terminated?)`,
  fix: 'run: tidegate restore, then start again',
});

/** What is wrong with a topology move, and where it meets a rollout of the versions: both ask who calls whom. */
import type { LoadedConfig } from '../../config/types.ts';
import { pinOf } from '../../routing/changes.ts';
import { calledBy } from '../../routing/normal-form.ts';
import { sameShares } from '../../routing/part.ts';
import { WHOLE, atZero, positiveNames, positiveShares, type Shares } from '../../values/share.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import { leftOut } from '../change.ts';
import { watchHint, type RunningRollout, type RunningStatus } from '../running.ts';
import type { Asked, Problem } from './problem.ts';
import { isFresh, wantedTopology, workloadOf } from './serving-facts.ts';

/** Client clusters whose proven topology is not what the Service document wants. */
export const movingClients = ({ config, facts, change }: Asked): ClusterFacts[] =>
  facts.filter(
    (one) =>
      !isFresh(one) &&
      !leftOut(change).includes(one.cluster) &&
      !sameShares(one.record?.topology.proven ?? null, wantedTopology(config, one.cluster)),
  );

/** Serving clusters that the client does not call yet. */
export const newcomersTo = (config: LoadedConfig, { cluster, record }: ClusterFacts): string[] => {
  const called = record === null ? [] : calledBy(record);
  return positiveNames(wantedTopology(config, cluster)).filter((name) => !called.includes(name));
};

/**
 * What is proven in a serving cluster: as a client that calls it has it, itself before others. Where nobody calls it any
 * more it is what the cluster is pinned to, as long as that is ready. null: nothing is.
 */
export function provenEntry(facts: readonly ClusterFacts[], serving: string): Shares | null {
  const own = facts.find(({ cluster }) => cluster === serving);
  const callers = [...(own === undefined ? [] : [own]), ...facts].filter(
    ({ record }) => record !== null && calledBy(record).includes(serving),
  );
  for (const { record } of callers) {
    const shares = positiveShares(record?.versions.proven?.[serving]);
    // A version that is warm comes too, at 0: an undo gives it a share in the very write that it begins with.
    if (positiveNames(shares).length > 0) return { ...atZero(record?.versions.current?.[serving]), ...shares };
  }
  const pin = pinOf(own?.record ?? null);
  const isReady = own !== undefined && pin !== '' && (workloadOf(own, pin)?.ready ?? 0) > 0;
  return isReady ? { [pin]: WHOLE } : null;
}

export function topologyProblems(asked: Asked): Problem[] {
  const { config, facts, change } = asked;
  const { name, namespace } = config.service;
  if (facts.every(isFresh)) {
    return [{ code: 'Invalid', text: `${namespace}/${name} is not adopted`, fix: `run: tidegate adopt ${name}` }];
  }
  const joined = [...new Set(movingClients(asked).flatMap((one) => newcomersTo(config, one)))];
  return joined.flatMap((serving): Problem[] => {
    if (leftOut(change).includes(serving)) {
      const text = `${serving} is left out, and calls would go there`;
      return [{ code: 'Invalid', text, fix: 'let them go elsewhere (spec.topology)' }];
    }
    if (provenEntry(facts, serving) !== null) return [];
    const text = `${serving}/${namespace}: nothing of ${name} is proven there, and calls would go there`;
    return [{ code: 'Invalid', text, fix: `run it there, and adopt it first: tidegate adopt ${name}` }];
  });
}

/** A release takes the routes away that a topology run writes, whatever that one is about to do. */
const besideRelease = (service: string, topology: RunningRollout | undefined): Problem[] =>
  topology === undefined
    ? []
    : [
        {
          code: 'Conflict',
          text: `a run moves the topology of ${service} (${topology.workflowId}), and a release takes the routes away that it writes`,
          fix: `release it when that has ended; ${watchHint(service, 'topology')}`,
        },
      ];

/** A run of the versions that takes the routes away, or may: it does not say. */
const besideUnsure = (service: string, { workflowId, status }: RunningRollout): Problem => ({
  code: 'Conflict',
  text:
    status === null
      ? `a rollout moves the versions and does not answer (${workflowId}): it may be a release, which takes the routes away`
      : `${service} is being released (${workflowId}): its routes go away`,
  fix: `start it when that has ended; ${watchHint(service)}`,
});

/** Phases in which the records do not say yet whom a topology move lets its clients call. */
const beginning: readonly string[] = ['preparing', 'entering', 'applying'];

/** A person may have paused it before its first share: then it goes on with that. */
const isBeginning = ({ phase, step }: RunningStatus): boolean =>
  beginning.includes(phase) || (phase === 'paused' && step < 1);

/** Until a topology move has entered everywhere, a rollout of the versions would not know all of its clients. */
export function besideProblems(asked: Asked): Problem[] {
  const { change, config, beside = {} } = asked;
  const { name } = config.service;
  if (change.kind === 'restore') return [];
  if (change.kind === 'release') return besideRelease(name, beside.topology);
  if (change.kind === 'topology') {
    if (beside.versions === undefined) return [];
    const { workflowId, status: versions } = beside.versions;
    if (versions === null || versions.kind === 'release') return [besideUnsure(name, beside.versions)];
    return movingClients(asked).flatMap((one): Problem[] => {
      const joined = newcomersTo(config, one);
      if (joined.length === 0) return [];
      const text = `${one.cluster} would call ${joined.join(', ')} anew while a rollout moves the versions (${workflowId})`;
      return [{ code: 'Conflict', text, fix: `start it when that has ended; ${watchHint(name)}` }];
    });
  }
  const { topology } = beside;
  if (topology === undefined) return [];
  const { status, workflowId } = topology;
  if (status !== null && !isBeginning(status)) return [];
  const text =
    status === null
      ? `a topology move does not answer (${workflowId}), and its records may not say yet who calls whom`
      : `a topology move is just beginning (${workflowId}: ${status.phase}), and its records do not say yet who calls whom`;
  const fix = `start again when it has come to its first share, or has ended; ${watchHint(name, 'topology')}`;
  return [{ code: 'Conflict', text, fix }];
}

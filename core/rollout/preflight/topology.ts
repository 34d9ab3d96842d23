/** What is wrong with a topology move, and where it meets a rollout of the versions: both ask who calls whom. */
import { calledBy } from '../../routing/normal-form.ts';
import { sameShares } from '../../routing/part.ts';
import type { Drained } from '../../routing/record.ts';
import { canonicalJson } from '../../values/canonical.ts';
import { distinct, positiveNames } from '../../values/share.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import { leftOut, type Change } from '../change.ts';
import { watchHint, type RunningRollout, type RunningStatus } from '../running.ts';
import type { Asked, Problem } from './problem.ts';
import { isFresh, provenEntry } from './serving-facts.ts';
import { wantedTopology } from './wanted-topology.ts';

/** Client clusters whose proven topology is not what the change wants. */
export const movingClients = (asked: Asked): ClusterFacts[] =>
  asked.facts.filter((one) => !isFresh(one) && !leftOut(asked.change).includes(one.cluster) && !isThere(asked, one));

/** Does the record say it already, with what it remembers of drained clusters? */
function isThere(asked: Asked, one: ClusterFacts): boolean {
  const { shares, drained } = wantedTopology(asked, one);
  const topology = one.record?.topology;
  return (
    sameShares(topology?.proven ?? null, shares) &&
    canonicalJson(wordOf(topology?.drained)) === canonicalJson(wordOf(drained))
  );
}

/** When it was said makes no other word of it. */
const wordOf = (drained: Drained | undefined): unknown =>
  drained === undefined ? null : [drained.from, distinct(Object.keys(drained.clusters))];

/** Serving clusters that the client does not call yet. */
export const newcomersTo = (asked: Asked, one: ClusterFacts): string[] => {
  const called = one.record === null ? [] : calledBy(one.record);
  return positiveNames(wantedTopology(asked, one).shares).filter((name) => !called.includes(name));
};

export function topologyProblems(asked: Asked): Problem[] {
  const { config, facts, change } = asked;
  const { name, namespace } = config.service;
  if (facts.every(isFresh)) {
    return [{ code: 'Invalid', text: `${namespace}/${name} is not adopted`, fix: `run: tidegate adopt ${name}` }];
  }
  const strange = strangeCluster(asked);
  if (strange.length > 0) return strange;
  const joined = [...new Set(movingClients(asked).flatMap((one) => newcomersTo(asked, one)))];
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

function strangeCluster({ config, change }: Asked): Problem[] {
  const { drains, returns, drills } = change as Extract<Change, { kind: 'topology' }>;
  const named = drains ?? returns ?? drills;
  const names = config.mesh.clusters.map(({ ref }) => ref.name);
  if (named === undefined || names.includes(named)) return [];
  return [{ code: 'Invalid', text: `the mesh has no cluster ${named}`, fix: `it has ${names.join(', ')}` }];
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
      const joined = newcomersTo(asked, one);
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

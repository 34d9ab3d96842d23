/**
 * Where an earlier run has left the records: what a new one may start from. Ways back are planned from the records alone
 * and refused only for reasons of their own; what would refuse a forward change is told beside their plan.
 */
import type { RoutingRecord } from '../../routing/record.ts';
import { halfMovedParts, partFlag, type Part } from '../../routing/part.ts';
import { mainVersion } from '../../routing/weights.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import { partOfChange } from '../change.ts';
import { settlerHint, watchHint } from '../running.ts';
import { frontendAt, frontendProblems } from './frontend.ts';
import { isFresh, newestIn } from './serving-facts.ts';
import type { Problem, Asked } from './problem.ts';
import { noFrontend, reachProblems, unreachedText } from './reach.ts';

export function stateProblems(one: ClusterFacts, where: string, asked: Asked): Problem[] {
  const { change, config, running } = asked;
  const half = ownerless(one.record, asked);
  if (half.length > 0) return half.map((part) => halfMovedProblem(where, part, config.service.name));
  if (!isFresh(one) || change.kind === 'adopt') return [];
  // It gets its topology with its adoption.
  if (change.kind === 'topology') return [];
  if (running?.status?.kind === 'adopt') return [adoptingProblem(where, config.service.name)];
  return [notAdopted(where, config.service.name)];
}

/** Clients that differ in what is proven in one serving cluster: a commit ended half way. */
export function splitProblems({ facts, config, running, change, beside = {} }: Asked): Problem[] {
  // A commit is under way, cluster by cluster.
  const moving = partOfChange(change) === 'versions' ? running : beside.versions;
  if (moving !== undefined) return [];
  const newest = newestIn(facts);
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
        fix:
          newest[name] === undefined
            ? 'run: tidegate undo --version V, with the version that all shall serve'
            : `the settler brings all to ${mainVersion(newest[name].shares)}, which was proven last; at once: tidegate restore ${config.service.name}`,
      } satisfies Problem,
    ];
  });
}

/** A restore has none: it goes past what is wrong, and retries without limit what cannot be reached. */
export function backProblems(asked: Asked): Problem[] {
  const { facts, change, config, running } = asked;
  if (change.kind === 'restore') return [];
  const reached = facts.filter(isReached);
  const where = placeIn(asked);
  // Both go from one proven state to another: what lies half way goes back to the proven one first.
  const own = [
    ...reached.flatMap((one) =>
      ownerless(one.record, asked)
        // An undo goes on beside a topology that is half moved: it has its own way back.
        .filter((part) => part === 'versions' || change.kind === 'release')
        .map((part) => halfMovedProblem(where(one), part, config.service.name)),
    ),
    ...reached.flatMap((one) => (one.broken ?? []).map((text) => brokenProblem(text, one, asked))),
    // Both end by pinning it.
    ...reached
      .filter(({ record, frontend }) => record !== null && frontend === null)
      .map((one) => noFrontend(where(one))),
  ];
  if (own.length > 0) return own;
  // A cluster that joined later, or a release that ended half way, is in nobody's way. (There is nothing to go back
  // from where nobody is adopted.)
  if (!reached.every(isFresh)) return [];
  const adopting = running?.status?.kind === 'adopt';
  const { name } = config.service;
  return [
    ...reached.map((one) => (adopting ? adoptingProblem(where(one), name) : notAdopted(where(one), name))),
    ...facts.filter((one) => !isReached(one)).map(unreachedProblem),
  ];
}

/** What a way back passes over: the next forward change will be refused for it. */
export function passedOver(asked: Asked): string[] {
  const { facts, change } = asked;
  if (change.kind !== 'undo' && change.kind !== 'release') return [];
  const where = placeIn(asked);
  return facts
    .filter(isReached)
    .flatMap((one) =>
      [...reachProblems(one, where(one), asked), ...frontendProblems(one, frontendAt(where(one), asked))].map(
        ({ text }) => `${text}: not in the way of ${article(change.kind)}, but of the next deploy`,
      ),
    );
}

/** A cluster that does not answer, and what the change does about it. */
export function unreachedNotes({ facts, change, config }: Asked): string[] {
  const { name } = config.service;
  const what = {
    undo: `it is left out and keeps its last route; when it answers again: tidegate undo ${name}`,
    restore: `it is tried until it answers, and holds up no other cluster; to end without it: tidegate rollout give-up ${name}${partFlag(partOfChange(change))} --cluster`,
    release: 'its route is removed when it answers; until then the release waits with what other clusters still need',
  };
  if (change.kind !== 'undo' && change.kind !== 'restore' && change.kind !== 'release') return [];
  const told = what[change.kind];
  return facts
    .filter((one) => !isReached(one))
    .map((one) => `${unreachedText(one)}: ${told}${change.kind === 'restore' ? ` ${one.cluster}` : ''}`);
}

/** Clusters that the last run went on without: what has become of them since is in their own facts. */
export function absentBefore({ facts }: Asked): string[] {
  const named = new Map(facts.flatMap(({ record }) => Object.entries(record?.absent ?? {})));
  return [...named].map(
    ([name, { atMs, reason }]) => `${name} was absent in the last run (${new Date(atMs).toISOString()}: ${reason})`,
  );
}

export const isReached = ({ unreachable }: ClusterFacts): boolean => unreachable === '';

const article = (kind: 'undo' | 'release'): string => (kind === 'undo' ? 'an undo' : 'a release');

const placeIn =
  ({ config }: Asked) =>
  ({ cluster }: ClusterFacts): string =>
    `${cluster}/${config.service.namespace}/${config.service.name}`;

/** Half moved, and no rollout runs that brings it to an end: promoted, or back to what is proven. */
const ownerless = (record: RoutingRecord | null, { change, running, beside = {} }: Asked): Part[] => {
  const own = partOfChange(change);
  const half = record === null ? [] : halfMovedParts(record);
  return half.filter((part) => (part === own ? running : beside[part]) === undefined);
};

const notAdopted = (where: string, service: string): Problem => ({
  code: 'Invalid',
  text: `${where} is not adopted`,
  fix: `run: tidegate adopt ${service}`,
});

const adoptingProblem = (where: string, service: string): Problem => ({
  code: 'Conflict',
  text: `${where} is being adopted right now`,
  fix: `plan it when that has ended; ${watchHint(service)}`,
});

const unreachedProblem = (one: ClusterFacts): Problem => ({
  code: 'Unavailable',
  text: unreachedText(one),
  fix: 'repair the access: it may hold the only record',
});

const brokenProblem = (text: string, { cluster }: ClusterFacts, { change }: Asked): Problem => ({
  code: 'Invalid',
  text,
  fix: `the record says where traffic goes back to: put its annotation right${change.kind === 'undo' ? `, or leave the cluster out (--without ${cluster})` : ''}`,
});

const halfMovedProblem = (where: string, part: Part, service: string): Problem => {
  const what = part === 'versions' ? 'current traffic differs from the proven one' : `its ${part} is half moved`;
  return {
    code: 'HalfMoved',
    text: `${where}: ${what}, and no run owns it (a rollout was terminated?)`,
    fix: `${settlerHint(service, part)}. Start again then`,
  };
};

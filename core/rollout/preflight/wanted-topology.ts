/** What a topology change wants of a client: by the Service document, or by a drain and its end; without what is drained. */
import { rememberDrains, spread } from '../../routing/drained.ts';
import type { Drained, DrainWord } from '../../routing/record.ts';
import { instantText } from '../../values/instant.ts';
import { present } from '../../values/json.ts';
import { WHOLE, apportion, positiveShares, type Shares } from '../../values/share.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import type { Change } from '../change.ts';
import type { Asked } from './problem.ts';
import { provenEntry } from './serving-facts.ts';

export interface WantedTopology {
  readonly shares: Shares;
  /** What the record is to remember; absent: no cluster that it would call is drained. */
  readonly drained?: Drained;
}

type Wanting = Pick<Asked, 'config' | 'facts' | 'change'> & {
  /** When a cluster that is drained now was, ms since the epoch; 0: it is not planned, only compared. */
  readonly atMs?: number;
};

const drainOf = (change: Change): Partial<Extract<Change, { kind: 'topology' }>> =>
  change.kind === 'topology' ? change : {};

/** Clusters that any record remembers as drained, the oldest word first. */
export function drainsIn(facts: readonly ClusterFacts[]): Drained['clusters'] {
  const found: Record<string, DrainWord> = {};
  for (const { record } of facts)
    for (const [name, { atMs, lost }] of Object.entries(record?.topology.drained?.clusters ?? {}))
      if (atMs <= (found[name]?.atMs ?? Infinity)) found[name] = { atMs, ...present({ lost }) };
  return found;
}

export const drainedNote = (cluster: string, { atMs, lost }: DrainWord): string =>
  `${cluster} is ${lost === true ? 'lost' : 'drained'} since ${instantText(atMs)}: it gets no calls until tidegate cluster restore ${cluster}`;

/** Of a deploy, which leaves it out; undefined: it is not drained. */
export function drainedText({ facts }: Pick<Asked, 'facts'>, cluster: string): string | undefined {
  const drain = drainsIn(facts)[cluster];
  return drain === undefined ? undefined : `${drainedNote(cluster, drain)}, and catches up then`;
}

export function wantedTopology(wanting: Wanting, one: ClusterFacts): WantedTopology {
  const { config, facts, change, atMs = 0 } = wanting;
  const { drains, returns, drills, share } = drainOf(change);
  if (drills !== undefined) return { ...drilledTopology(wanting, one, { drills, share: share ?? WHOLE }) };
  // What a client's own record proves goes before the word of another one, which may not have heard of a return.
  const calls = positiveShares(one.record?.topology.proven);
  const known = Object.fromEntries(Object.entries(drainsIn(facts)).filter(([name]) => calls[name] === undefined));
  const all = drains === undefined || known[drains] !== undefined ? known : { ...known, [drains]: { atMs } };
  const clusters = Object.fromEntries(Object.entries(all).filter(([name]) => name !== returns));
  const from = drains === undefined && returns === undefined ? documented(config, one.cluster) : undrained(one);
  const drained = rememberDrains(from, clusters);
  const shares = spread(from, {
    drained: Object.keys(clusters),
    failover: config.service.failover ?? [],
    able: config.mesh.clusters.map(({ ref }) => ref.name).filter((name) => provenEntry(facts, name) !== null),
    of: `${config.service.namespace}/${config.service.name}: calls of ${one.cluster}`,
  });
  return { shares, ...present({ drained }) };
}

interface Drilling {
  readonly drills: string;
  /** How much of what it answers is moved, ppm. */
  readonly share: number;
}

/** What is proven, with less for one cluster; what the record remembers of drains stays. */
function drilledTopology({ config, facts }: Wanting, one: ClusterFacts, { drills, share }: Drilling): WantedTopology {
  const calls = positiveShares(one.record?.topology.proven);
  const remembered = present({ drained: one.record?.topology.drained });
  if (calls[drills] === undefined) return { shares: calls, ...remembered };
  const able = config.mesh.clusters.map(({ ref }) => ref.name).filter((name) => provenEntry(facts, name) !== null);
  const without = spread(calls, {
    drained: [...new Set([drills, ...Object.keys(drainsIn(facts))])],
    failover: config.service.failover ?? [],
    able,
    of: `${config.service.namespace}/${config.service.name}: calls of ${one.cluster}`,
  });
  const names = [...new Set([...Object.keys(calls), ...Object.keys(without)])];
  const part = share / WHOLE;
  const mixed = names.map(
    (name) => [name, Math.round((calls[name] ?? 0) * (1 - part) + (without[name] ?? 0) * part)] as const,
  );
  return { shares: positiveShares(apportion(Object.fromEntries(mixed), WHOLE)), ...remembered };
}

/** The topology that the Service document wants for a client cluster. */
const documented = (config: Asked['config'], client: string): Shares =>
  positiveShares(config.service.topology?.[client] ?? { [client]: WHOLE });

const undrained = ({ record }: ClusterFacts): Shares =>
  record?.topology.drained?.from ?? positiveShares(record?.topology.proven);

/**
 * planTopology: the topology of the Service document for every client cluster, or the proven one without a cluster that is
 * drained, or with one that returns; in one wave of one step. A drill takes a few steps, and comes back. There is no planner
 * yet: shares are static, and capacity is a person's to look after.
 */
import { mainVersion } from '../../routing/weights.ts';
import type { TopologyPatch } from '../../routing/changes.ts';
import { present } from '../../values/json.ts';
import { WHOLE, formatShare, positiveNames, type Shares } from '../../values/share.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import { absentBefore } from '../preflight/back.ts';
import { preflight } from '../preflight/preflight.ts';
import type { Asked } from '../preflight/problem.ts';
import type { Change } from '../change.ts';
import { isFresh, provenEntry, topologyOf } from '../preflight/serving-facts.ts';
import { movingClients, newcomersTo } from '../preflight/topology.ts';
import { drainedNote, drainsIn, wantedTopology } from '../preflight/wanted-topology.ts';
import { runningNotes } from '../running.ts';
import { frameOf, refusal } from './frame.ts';
import { leftOutOf } from './left-out.ts';
import type { Plan, PlannedStep, PlannedWave } from './plan.ts';
import type { PlanInput } from './versions.ts';

export function planTopology({ config, read, change, running, beside }: PlanInput): Plan {
  const asked: Asked = { config, facts: read.clusters, change, ...present({ running, beside }) };
  const { absent } = leftOutOf(asked);
  const problems = preflight(asked);
  if (problems.length > 0) throw refusal(asked, problems);
  const moving = movingClients(asked);
  if (moving.length === 0) {
    throw refusal(asked, [{ code: 'Invalid', text: thereAlready(change), fix: 'nothing to do' }]);
  }
  const waves = [waveOf({ ...asked, atMs: read.epoch }, moving)];
  const names = config.mesh.clusters.map(({ ref }) => ref.name);
  const clients = read.clusters.filter((one) => !isFresh(one) && absent[one.cluster] === undefined);
  const proven = names.map((name) => [name, mainVersion(provenEntry(read.clusters, name) ?? undefined)] as const);
  return {
    ...frameOf(asked, { read, waves, part: 'topology' }),
    kind: change.kind,
    version: movedTo(change),
    replaces: Object.fromEntries(proven.filter(([, version]) => version !== '')),
    sources: {},
    existed: true,
    routes: Object.fromEntries(
      names.map((name) => [
        name,
        clients.filter((one) => (wantedTopology(asked, one).shares[name] ?? 0) > 0).map(({ cluster }) => cluster),
      ]),
    ),
    initial: {},
    waves,
    // A client's topology goes back as a whole.
    onBreach: 'all',
    ...(drillOf(change) !== undefined && { comesBack: true }),
    ...(Object.keys(absent).length > 0 && { absent }),
    notes: [
      ...(config.notes ?? []),
      ...runningNotes(config.service.name, running, 'topology'),
      ...absentBefore(asked),
      ...Object.keys(absent).map(
        (name) =>
          `${name} is left out: its calls go where they go now; when it answers: tidegate topology apply ${config.service.name}`,
      ),
      ...moving.map((one) => moveNote(topologyOf(config, one, WHOLE), wantedTopology(asked, one).shares, one.cluster)),
      ...drainNotes(asked),
      ...(drillOf(change) === undefined ? [] : ['it comes back by itself: nothing of it is committed']),
      'capacity is not planned: see that the clusters which gain can take it',
    ],
  };
}

/** Serving clusters that gain are watched: what they lose, others only have less of. */
function waveOf(asked: Asked & { readonly atMs: number }, moving: readonly ClusterFacts[]): PlannedWave {
  const { config, change } = asked;
  const gains = (serving: string): boolean =>
    moving.some(
      (one) => (wantedTopology(asked, one).shares[serving] ?? 0) > (one.record?.topology.proven?.[serving] ?? 0),
    );
  const { adoptBakeMs, waves } = config.service;
  const bakeMs = adoptBakeMs ?? waves[0]?.steps[0]?.bakeMs ?? 0;
  const stepOf = (share: number, of: Asked): PlannedStep => ({
    ...{ share, bakeMs, approve: false },
    topology: patchesOf({ ...asked, change: of.change }, moving),
  });
  const drill = drillOf(change);
  return {
    name: 'topology',
    serving: config.mesh.clusters.map(({ ref }) => ref.name).filter(gains),
    clients: moving.map(({ cluster }) => cluster),
    enter: {},
    skipped: [],
    steps:
      drill === undefined
        ? [stepOf(WHOLE, asked)]
        : drillSteps(drill.share ?? WHOLE).map((share) => stepOf(share, { ...asked, change: { ...drill, share } })),
  };
}

const patchesOf = (
  asked: Asked & { readonly atMs: number },
  moving: readonly ClusterFacts[],
): Readonly<Record<string, TopologyPatch>> =>
  Object.fromEntries(
    moving.map((one): [string, TopologyPatch] => {
      const joined = newcomersTo(asked, one).map((name) => [name, provenEntry(asked.facts, name) ?? {}] as const);
      return [one.cluster, { ...wantedTopology(asked, one), serves: Object.fromEntries(joined) }];
    }),
  );

const drillOf = (change: Change): TopologyChange | undefined =>
  change.kind === 'topology' && change.drills !== undefined ? change : undefined;

/** Parts of what a drill moves, ppm: what a quarter breaks, all of it never meets. */
const DRILL_STEPS = [WHOLE / 4, WHOLE / 2, WHOLE] as const;

const drillSteps = (share: number): number[] => DRILL_STEPS.map((part) => Math.round((share * part) / WHOLE));

type TopologyChange = Extract<Change, { kind: 'topology' }>;

const movedTo = (change: Change): string => {
  const { drains, returns, drills } = change as TopologyChange;
  if (drills !== undefined) return `drill of ${drills}`;
  return drains === undefined ? (returns === undefined ? 'new topology' : `${returns} restored`) : `${drains} drained`;
};

const thereAlready = (change: Change): string => {
  const { drains = drillOf(change)?.drills, returns } = change as TopologyChange;
  if (drains !== undefined) return `no calls go to ${drains} already`;
  return returns === undefined ? 'calls go where the Service document says already' : `${returns} is not drained`;
};

/** What stays without calls, whatever else the move does. */
function drainNotes({ facts, change }: Asked): string[] {
  const { drains, returns } = change as TopologyChange;
  return Object.entries(drainsIn(facts))
    .filter(([name]) => name !== drains && name !== returns)
    .map(([name, word]) => drainedNote(name, word));
}

const moveNote = (from: Shares, to: Shares, client: string): string =>
  `calls of ${client} go to ${sharesText(to)}, now ${sharesText(from)}`;

const sharesText = (shares: Shares): string =>
  positiveNames(shares)
    .map((name) => `${name} ${formatShare(shares[name] ?? 0)}`)
    .join(', ');

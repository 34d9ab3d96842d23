/** planRollout: what somebody wants + config + facts → a complete plan, or one error that lists everything wrong. */
import type { LoadedConfig } from '../../config/types.ts';
import { pinOf } from '../../routing/changes.ts';
import { partFlag } from '../../routing/part.ts';
import type { VersionShares } from '../../routing/record.ts';
import { mainVersion } from '../../routing/weights.ts';
import { present } from '../../values/json.ts';
import { type Shares, WHOLE, positiveNames, positiveShares } from '../../values/share.ts';
import type { ClusterFacts, ReadRecordsResult, WorkloadFacts } from '../../workload/facts.ts';
import { configTexts } from '../../workload/pod-config/change-texts.ts';
import type { VersionSource } from '../../workload/version-source.ts';
import { leftOut, partOfChange, type Change } from '../change.ts';
import { envoyNotes, LISTENER_NOTE } from '../preflight/envoy.ts';
import { protocolNotes } from '../preflight/protocol.ts';
import { callableFrom, isFresh, newestIn, originals, topologyOf, workloadOf } from '../preflight/serving-facts.ts';
import { drainedText } from '../preflight/wanted-topology.ts';
import { absentBefore, passedOver, unreachedNotes } from '../preflight/back.ts';
import { originalVersion, originalVersionNotes } from '../preflight/original-versions.ts';
import { preflight } from '../preflight/preflight.ts';
import type { Asked, Problem } from '../preflight/problem.ts';
import { secondServiceNotes } from '../preflight/second-services.ts';
import { runningNotes } from '../running.ts';
import { frameOf, refusal } from './frame.ts';
import { leftOutOf, type LeftOut } from './left-out.ts';
import { pinNotes, pinsOf } from './pinned.ts';
import type { Plan, PlannedStep, PlannedWave } from './plan.ts';
import { capacityOf } from './capacity.ts';
import { undoTarget } from './undo.ts';

export interface PlanInput extends Pick<Asked, 'running' | 'beside'> {
  readonly config: LoadedConfig;
  readonly read: ReadRecordsResult;
  readonly change: Change;
}

export function planRollout({ config, read, change, running, beside }: PlanInput): Plan {
  const asked: Asked = { config, facts: read.clusters, change, ...present({ running, beside }) };
  const out = leftOutOf(asked);
  const problems = preflight(asked);
  if (problems.length > 0) throw refusal(asked, problems);
  const context = contextOf(asked, out);
  const { topology } = context;
  const version = targetVersion(context);
  const waves = wavesFor(context, version);
  if (waves.length === 0)
    throw refusal(asked, [{ code: 'Invalid', text: `every cluster already serves ${version}`, fix: 'nothing to do' }]);
  const { service, mesh } = config;
  const part = partOfChange(change);
  const sources = sourcesFor(context, version);
  const sourceless = change.kind === 'adopt' ? unmade(context, { version, waves, sources }) : [];
  if (sourceless.length > 0) throw refusal(asked, sourceless);
  const pins = pinsOf(change);
  return {
    ...frameOf(asked, { read, waves, part }),
    kind: change.kind,
    version: part === 'versions' ? version : `the proven ${part}`,
    replaces: context.proven,
    sources,
    ...(change.kind === 'adopt' && { marksOriginals: true as const, ...versionBy(context) }),
    existed: read.clusters.some((one) => one.workloads.some((found) => found.managed && found.version === version)),
    routes: Object.fromEntries(mesh.clusters.map(({ ref }) => [ref.name, clientsOf(topology, ref.name)])),
    initial: initialFor(context),
    waves,
    ...pins,
    ...capacityOf(context, { version, waves }),
    onBreach: service.onBreach,
    ...(Object.keys(out.absent).length > 0 && { absent: out.absent }),
    ...finishing(context),
    ...(out.unreached.length > 0 && { unreached: out.unreached }),
    notes: [
      ...(config.notes ?? []),
      ...runningNotes(service.name, running, part),
      ...absentBefore(asked),
      ...unreachedNotes(asked),
      ...leftOutNotes(context),
      ...passedOver(asked),
      ...pinNotes({ ...pins, waves, version }),
      ...notesFor(context, waves),
    ],
  };
}

function contextOf({ config, facts: read, change }: Asked, { absent }: LeftOut): Context {
  const facts = read.filter(({ cluster }) => absent[cluster] === undefined);
  // An undo makes no record: a cluster that joined later is no client of it, though it may serve others.
  const clients = change.kind === 'undo' ? facts.filter((one) => !isFresh(one)) : facts;
  const topology = callable(config, clients);
  // A cluster that nobody calls any more keeps what it is pinned to: who calls it anew gets that.
  const kept = change.kind === 'adopt' ? pinnedVersions(facts) : {};
  const proven = { ...kept, ...provenVersions(facts, topology) };
  const taking = Object.entries(proven).filter(([serving]) => absent[serving] === undefined);
  return { config, facts, change, topology, proven: Object.fromEntries(taking), absent };
}

const leftOutNotes = ({ absent, change, config }: Context): string[] =>
  leftOut(change).map(
    (name) =>
      `${name} is left out: it keeps its record and its last route, and what that leads to stays ready; when it answers again: tidegate ${change.kind} ${config.service.name}${partFlag(partOfChange(change))}${change.kind === 'deploy' ? ` --version ${change.version}` : ''} (${absent[name] ?? ''})`,
  );

/** … now, or after a topology move that is under way has ended, whichever way: what is conservative to plan with. */
const callable = (config: LoadedConfig, facts: readonly ClusterFacts[]): Record<string, Shares> =>
  Object.fromEntries(facts.map((one) => [one.cluster, callableFrom(config, one)]));

/** A restore finishes a commit that ended half way: what it had proven is what the others go on to. */
function finishing({ change, facts }: Context): Pick<Plan, 'newest'> {
  if (change.kind !== 'restore' || partOfChange(change) !== 'versions') return {};
  const newest = newestIn(facts);
  return Object.keys(newest).length === 0 ? {} : { newest };
}

/** Per client cluster the share of each serving cluster now. */
export const topologies = (config: LoadedConfig, facts: readonly ClusterFacts[]): Record<string, Shares> =>
  Object.fromEntries(facts.map((one) => [one.cluster, topologyOf(config, one, WHOLE)]));

interface Context {
  readonly config: LoadedConfig;
  readonly facts: readonly ClusterFacts[];
  readonly change: Change;
  readonly topology: Readonly<Record<string, Shares>>;
  /** Main proven version per serving cluster that takes part; absent where nothing is proven. */
  readonly proven: Readonly<Record<string, string>>;
  /** Clusters that the change goes on without, and why: neither their records nor their pods are touched. */
  readonly absent: LeftOut['absent'];
}

/** Clients that send traffic to a serving cluster. */
function clientsOf(topology: Context['topology'], serving: string): string[] {
  return Object.keys(topology).filter((client) => (topology[client]?.[serving] ?? 0) > 0);
}

function provenVersions(facts: readonly ClusterFacts[], topology: Context['topology']): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { record, cluster } of facts) {
    for (const [serving, shares] of Object.entries(record?.versions.proven ?? {})) {
      if ((topology[cluster]?.[serving] ?? 0) === 0) continue;
      const main = mainVersion(shares);
      if (main !== '') found[serving] = main;
    }
  }
  return found;
}

/** Of adopted clusters: what callers past Envoy get, where it runs. */
const pinnedVersions = (facts: readonly ClusterFacts[]): Record<string, string> =>
  Object.fromEntries(
    facts.flatMap((one) => {
      const pin = pinOf(one.record);
      return pin !== '' && (workloadOf(one, pin)?.replicas ?? 0) > 0 ? [[one.cluster, pin]] : [];
    }),
  );

function targetVersion(context: Context): string {
  const { change, config, facts } = context;
  switch (change.kind) {
    case 'deploy':
      return change.version;
    case 'adopt':
      return originalVersion(facts, change.version).version || anyProven(context);
    case 'undo':
      return undoTarget({
        ...{ config, facts, asked: change.version, proven: context.proven },
        refuse: (problems) => refusal({ config, facts, change }, problems),
      });
    default:
      return anyProven(context) || config.service.name;
  }
}

const versionBy = ({ facts, change }: Context): Pick<Plan, 'versionBy'> => {
  const said = change.kind === 'adopt' ? originalVersion(facts, change.version) : null;
  return said?.by === 'pods' && said.version !== '' ? { versionBy: said.by } : {};
};

const anyProven = ({ proven }: Context): string => Object.values(proven)[0] ?? '';

function wavesFor(context: Context, version: string): PlannedWave[] {
  const { change, config, topology } = context;
  if (change.kind === 'adopt') return adoptionWaves(context, version);
  if (change.kind === 'release' || change.kind === 'restore') {
    const all = Object.keys(topology);
    return [{ name: 'all', serving: all, clients: all, enter: {}, steps: [], skipped: [] }];
  }
  if (change.kind === 'undo') {
    const steps = [{ share: WHOLE, bakeMs: 0, approve: false }];
    // Whatever the waves are today: the records say what serves.
    return plannedWaves(context, version, [{ name: 'undo', clusters: Object.keys(context.proven), steps }]);
  }
  return plannedWaves(context, version, config.service.waves);
}

/** Does every client that calls the cluster have the version proven there? (A commit that one did not take splits them.) */
function isWhole({ facts, topology, proven, change }: Context, serving: string, version: string): boolean {
  if (change.kind !== 'undo') return proven[serving] === version;
  return facts
    .filter(({ cluster, record }) => record !== null && (topology[cluster]?.[serving] ?? 0) > 0)
    .every(({ record }) => mainVersion(record?.versions.proven?.[serving]) === version);
}

function plannedWaves(context: Context, version: string, waves: LoadedConfig['service']['waves']): PlannedWave[] {
  const { topology, proven, absent } = context;
  return waves
    .map((wave) => {
      const routed = wave.clusters.filter((name) => clientsOf(topology, name).length > 0);
      const serving = routed.filter((name) => absent[name] === undefined && !isWhole(context, name, version));
      const skipped = wave.clusters
        .filter((name) => !serving.includes(name))
        .map((cluster) => ({
          cluster,
          reason:
            absent[cluster] ??
            (routed.includes(cluster)
              ? `already serves ${version}`
              : (drainedText(context, cluster) ?? 'no client cluster routes to it')),
        }));
      const clients = [...new Set(serving.flatMap((name) => clientsOf(topology, name)))];
      return {
        name: wave.name,
        ...present({ atOnce: wave.atOnce }),
        serving,
        clients,
        // What undo goes back to is live at weight 0 already: nothing has to enter.
        enter: context.change.kind === 'undo' ? {} : split(serving, proven, version, 0),
        skipped,
        steps: wave.steps.map((step): PlannedStep => ({
          ...step,
          versions: split(serving, proven, version, step.share),
        })),
      };
    })
    .filter((wave) => wave.serving.length > 0);
}

function split(serving: readonly string[], proven: Context['proven'], version: string, share: number): VersionShares {
  const entries = serving.map((name) => {
    const old = proven[name];
    return [name, old === undefined ? { [version]: share } : { [old]: WHOLE - share, [version]: share }] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * Adoption moves client clusters, whole: the same build answers before and after, through Envoy from now on. A cluster
 * that only calls others is in no wave: it comes with the last one.
 */
function adoptionWaves({ config, facts, topology, proven }: Context, version: string): PlannedWave[] {
  const fresh = facts.filter(isFresh).map((one) => one.cluster);
  const waved = config.service.waves.flatMap((wave) => wave.clusters);
  const last = config.service.waves.length - 1;
  return config.service.waves
    .map((wave, i) => {
      const clients = fresh.filter((name) => wave.clusters.includes(name) || (i === last && !waved.includes(name)));
      const needed = clients.flatMap((client) => positiveNames(topology[client]));
      const shares = (name: string): Shares => ({ [proven[name] ?? version]: WHOLE });
      const versions = Object.fromEntries([...new Set(needed)].map((name) => [name, shares(name)]));
      // One that is adopted already keeps what is proven there, and is watched for these clients all the same.
      const serving = Object.keys(versions);
      const bakeMs = config.service.adoptBakeMs ?? wave.steps[0]?.bakeMs ?? 0;
      const step = { share: WHOLE, bakeMs, approve: false, versions };
      const whole = { serving, clients, enter: versions, steps: [step], skipped: [] };
      return { name: wave.name, ...present({ atOnce: wave.atOnce }), ...whole };
    })
    .filter((wave) => wave.clients.length > 0);
}

function sourcesFor(context: Context, version: string): Record<string, VersionSource> {
  const { facts, change, config, proven } = context;
  // An adoption makes something where nothing is proven yet.
  const made = change.kind === 'adopt' ? facts.filter(({ cluster }) => proven[cluster] === undefined) : facts;
  const entries = made.flatMap((one) => {
    const deployment = sourceOf(one, context, version)?.deployment;
    if (deployment === undefined) return [];
    const image = change.kind === 'deploy' && change.image !== undefined ? { image: change.image } : {};
    const template =
      change.kind === 'deploy' && config.service.podTemplate !== undefined
        ? { podTemplate: config.service.podTemplate }
        : {};
    const { deployment: metadata, config: copies, serviceVersion } = config.service;
    const settings = present({ metadata, config: copies, serviceVersion });
    return [[one.cluster, { deployment, ...image, ...template, ...settings }] as const];
  });
  return Object.fromEntries(entries);
}

/** Clusters that an adoption sends calls to, where nothing is proven and nothing runs as its version. */
function unmade(
  { config, proven }: Context,
  { version, waves, sources }: Pick<Plan, 'version' | 'waves' | 'sources'>,
): Problem[] {
  const called = [...new Set(waves.flatMap((wave) => wave.serving))];
  return called
    .filter((name) => proven[name] === undefined && sources[name] === undefined)
    .map((name) => ({
      code: 'Invalid',
      text: `${name}/${config.service.namespace}: no Deployment of ${config.service.name} ${version} runs there, and calls would go there`,
      fix: `run ${version} there first, or let the calls go elsewhere (spec.topology)`,
    }));
}

/** What a version is made from is never another version than the proven one, and what undo goes back to is itself. */
function sourceOf(one: ClusterFacts, { change, proven, config }: Context, version: string): WorkloadFacts | undefined {
  if (change.kind === 'adopt') return isFresh(one) ? originals(one)[0] : workloadOf(one, version);
  if (change.kind === 'undo') return workloadOf(one, version);
  const running = workloadOf(one, proven[one.cluster]);
  // A template of its own needs a Deployment for its metadata only.
  return running ?? (config.service.podTemplate === undefined ? undefined : one.workloads[0]);
}

function initialFor({ change, facts, topology, config }: Context): Plan['initial'] {
  if (change.kind !== 'adopt') return {};
  const entries = facts.flatMap((one) => {
    if (one.frontend === null) return [];
    const { portName, port, targetPort, protocol, selector } = one.frontend;
    const initial = {
      frontend: { portName, port, targetPort, ...present({ protocol }), selector },
      topology: positiveShares(topology[one.cluster]),
      policy: config.service.policy,
    };
    return [[one.cluster, initial] as const];
  });
  return Object.fromEntries(entries);
}

function notesFor({ facts, topology, config, change, absent }: Context, waves: readonly PlannedWave[]): string[] {
  const bypass = facts.flatMap((one) =>
    one.bypasses.map(
      (name) => `not canaried: ${one.cluster}: ${name} dials the pods itself (it always gets the proven version)`,
    ),
  );
  const unseen = facts.flatMap((one) => (one.unseen ?? []).map((what) => `not seen: ${one.cluster}: ${what}`));
  const shapes = facts.flatMap(({ cluster, frontend }) =>
    (frontend?.shape?.notes ?? []).map(
      (note) => `${cluster}/${config.service.namespace}/Service/${config.service.name}: ${note}`,
    ),
  );
  const skipped = waves.flatMap((wave) => wave.skipped.map((one) => `skipped: ${one.cluster}: ${one.reason}`));
  // A way back asks the records only: a cluster that is not adopted yet has none.
  const unrouted = config.mesh.clusters.filter(
    ({ ref: { name } }) =>
      change.kind !== 'undo' && absent[name] === undefined && clientsOf(topology, name).length === 0,
  );
  return [
    ...bypass,
    ...secondServiceNotes({ config, facts, change }),
    ...unseen,
    ...shapes,
    ...configTexts(config.service.name, facts),
    ...(change.kind === 'adopt'
      ? [
          ...originalVersionNotes(facts, change.version),
          ...protocolNotes(facts, config.service.policy),
          ...envoyNotes(facts),
          LISTENER_NOTE,
        ]
      : []),
    ...skipped,
    ...unrouted.map(
      ({ ref: { name } }) => drainedText({ facts }, name) ?? `unrouted: no client sends calls to ${name}`,
    ),
  ];
}

/**
 * A mesh in memory: what API servers would hold of one service. Records are immutable values, so a mesh is copied cheaply.
 *
 *   Mesh ──facts──► planRollout ──► Run ──activities──► Mesh
 */
import type { LoadedConfig } from '../../../../core/config/types.ts';
import { inNormalForm } from '../../../../core/routing/normal-form.ts';
import type { RoutingRecord, VersionShares } from '../../../../core/routing/record.ts';
import { parseRecord } from '../../../../core/routing/parse-record.ts';
import { TidegateError, refuse } from '../../../../core/values/error.ts';
import { WHOLE, type Shares } from '../../../../core/values/share.ts';
import type { Due } from '../../../../core/workload/cluster-state.ts';
import type { ClusterFacts, ReadRecordsResult, WorkloadFacts } from '../../../../core/workload/facts.ts';
import { assertMade } from '../../../../core/workload/unmade.ts';
import { testConfig } from '../../../support/facts.ts';

/** A Deployment. Its image stands for its whole template. */
export interface Deployed {
  readonly name: string;
  readonly version: string;
  readonly image: string;
  readonly managed: boolean;
  readonly replicas: number;
  /** The version whose rollout holds its autoscaler; '' = nobody. */
  readonly hold: string;
  /** The version that an adoption makes of it; '' = it is no original. */
  readonly mark: string;
}

/** An edit that cannot be read, and a field of another schema beside the record. */
export const unreadable = '{"not": "a record"}';
export const newer = 'newer';

/** The CiliumEnvoyConfig. */
export interface Route {
  readonly record: RoutingRecord;
  readonly redirected: boolean;
  /** '' = the annotation says the record. */
  readonly text: '' | typeof unreadable | typeof newer;
}

export interface Cluster {
  readonly name: string;
  /** Is it in the Mesh document? */
  member: boolean;
  up: boolean;
  route: Route | null;
  pin: string;
  /** Has somebody taken the pin off, and nobody has looked since? */
  unpinned: boolean;
  deployments: readonly Deployed[];
  /** `version@cluster` of the subset Services. */
  subsets: ReadonlySet<string>;
  /** By version: what is written on its own Service here. */
  dues: Readonly<Record<string, Due>>;
  /** What was proven before somebody edited it by hand. */
  edited: VersionShares | null;
  /** Did somebody edit its weights by hand? What a run says of them is no lie then. */
  byHand: boolean;
  /** Runs that wrote the versions part, in order, each once in a row. */
  writers: readonly string[];
}

export interface Mesh {
  readonly clusters: readonly Cluster[];
  nowMs: number;
  /** How the waves are grouped, and who calls whom where no record says it. */
  grouping: number;
  calls: Readonly<Record<string, Shares>>;
  onBreach: 'all' | 'cluster';
  /** Deployments that somebody took away: nobody wonders that they do not answer. */
  taken: ReadonlySet<string>;
}

const names = ['a', 'b', 'c'] as const;
/** What a version stands for, for ever, in every cluster. */
export const imageOf = (version: string): string => `img:${version}`;
export const key = (version: string, cluster: string): string => `${version}@${cluster}`;

const original: Deployed = {
  name: 'checkout',
  version: 'v1',
  image: imageOf('v1'),
  managed: false,
  replicas: 2,
  hold: '',
  mark: '',
};

const cluster = (name: string): Cluster => ({
  name,
  member: name !== 'c',
  up: true,
  route: null,
  pin: '',
  unpinned: false,
  deployments: [original],
  subsets: new Set(),
  dues: {},
  edited: null,
  byHand: false,
  writers: [],
});

/** a and b; c joins later. */
export const newMesh = (): Mesh => ({
  clusters: names.map(cluster),
  nowMs: 1_000,
  grouping: 0,
  calls: {},
  onBreach: 'all',
  taken: new Set(),
});

/** Does its record call a version proven that nobody has ever made? */
export const isGhost = ({ route }: Cluster): boolean =>
  Object.values(route?.record.versions.proven ?? {}).some((shares) => shares['ghost'] !== undefined);

export const copyOf = (mesh: Mesh): Mesh => ({ ...mesh, clusters: mesh.clusters.map((one) => ({ ...one })) });

export const members = (mesh: Mesh): Cluster[] => mesh.clusters.filter(({ member }) => member);

export function clusterOf(mesh: Mesh, name: string): Cluster {
  const found = mesh.clusters.find((one) => one.name === name);
  if (found === undefined) throw new RangeError(`no cluster ${name}`);
  return found;
}

/** The record as a worker reads it; throws as parseRecord does. */
export function readRecord({ name, route }: Cluster): RoutingRecord | null {
  if (route === null) return null;
  if (route.text === '') return inNormalForm(route.record);
  const text = route.text === newer ? JSON.stringify({ ...route.record, fromTomorrow: 1 }) : route.text;
  return parseRecord(text, `${name}/shop/CiliumEnvoyConfig/tidegate-checkout`);
}

export function assertUp({ name, up }: Cluster): void {
  if (!up) throw new TidegateError('Unavailable', `${name} cannot be reached`);
}

const frontend = { portName: 'http', port: 8080, targetPort: 8080, selector: { app: 'checkout' } };

const workload = ({ name, version, image, managed, replicas }: Deployed): WorkloadFacts => ({
  deployment: name,
  version,
  managed,
  replicas,
  ready: replicas,
  templateDigest: image,
  image,
  autoscaler: name,
});

function factsOf(one: Cluster): ClusterFacts {
  const { name, up, pin, deployments } = one;
  const nothing = { record: null, frontend: null, workloads: [], foreign: [], bypasses: [] };
  if (!up) return { cluster: name, unreachable: 'no answer', ...nothing };
  const read = recordOrWhyNot(one);
  return {
    cluster: name,
    unreachable: '',
    ...nothing,
    ...read,
    frontend: {
      ...frontend,
      global: false,
      affinity: '',
      sessionAffinity: false,
      ports: 1,
      appProtocol: '',
      pinned: pin,
    },
    workloads: deployments.map(workload),
  };
}

export const versionsIn = ({ deployments }: Cluster): string[] => deployments.map(({ version }) => version);

/** As the activities that survey the world have it. */
export function recordOrWhyNot(one: Cluster): Pick<ClusterFacts, 'record' | 'foreign' | 'broken'> {
  try {
    const record = readRecord(one);
    if (record !== null) assertMade(record, versionsIn(one));
    return { record, foreign: [] };
  } catch (error) {
    if (!(error instanceof TidegateError)) throw error;
    return { record: null, foreign: [error.message], broken: [error.message] };
  }
}

/** The activity readRecords; who is left out is not asked. */
export function read(mesh: Mesh, without: readonly string[] = []): ReadRecordsResult {
  const clusters = members(mesh)
    .filter(({ name }) => !without.includes(name))
    .map(factsOf);
  const epochs = clusters.flatMap(({ record }) =>
    record === null ? [] : [record.topology.epoch, record.versions.epoch],
  );
  return { clusters, epoch: Math.max((mesh.nowMs += 10), 1 + Math.max(0, ...epochs)) };
}

const groupings = [[['a'], ['b', 'c']], [['a', 'b', 'c']], [['b'], ['a', 'c']], [['a'], ['b'], ['c']]] as const;
const configs = new Map<string, LoadedConfig>();

/** The config is as the Mesh and Service documents are today. */
export function configOf(mesh: Mesh): LoadedConfig {
  const who = members(mesh).map(({ name }) => name);
  const of = JSON.stringify([who, mesh.grouping, mesh.calls, mesh.onBreach]);
  const found = configs.get(of) ?? makeConfig(mesh, who);
  configs.set(of, found);
  return found;
}

function makeConfig({ grouping, calls, onBreach }: Mesh, who: readonly string[]): LoadedConfig {
  const step = (share: number) => ({ share, bakeMs: 10_000, approve: false });
  const grouped = groupings[grouping % groupings.length] ?? groupings[0];
  const waves = grouped.map((some, i) => ({
    name: `wave ${String(i + 1)}`,
    clusters: some.filter((name) => who.includes(name)),
    steps: i === 0 ? [step(50_000), step(WHOLE)] : [step(WHOLE)],
  }));
  const topology = Object.keys(calls).length === 0 ? null : calls;
  const base = testConfig({ waves: waves.filter(({ clusters }) => clusters.length > 0), topology, onBreach });
  const [first] = base.mesh.clusters;
  if (first === undefined) refuse('Invalid', 'no cluster in the test config', '');
  return { ...base, mesh: { ...base.mesh, clusters: who.map((name) => ({ ...first, ref: { ...first.ref, name } })) } };
}

/** What each writing activity makes of a record. Pure: the same record and input give the same record. */
import type { ClusterRef } from '../kube/cluster-ref.ts';
import type { ObjectChange } from '../kube/object-change.ts';
import { TidegateError, refuse } from '../values/error.ts';
import { type Shares, atZero, positiveShares } from '../values/share.ts';
import { withBuild } from './builds.ts';
import { type NewestByCluster, withNewest } from './newest-proven.ts';
import { calledBy, inNormalForm, leavingFrom } from './normal-form.ts';
import type { Part } from './part.ts';
import type {
  Build,
  Drained,
  Frontend,
  L7Policy,
  RecordPart,
  RoutingRecord,
  RunRoutes,
  VersionShares,
} from './record.ts';
import { routesWithout, withRunRoutes } from './run-routes.ts';
import type { ServiceRef } from './service-ref.ts';
import { mainVersion } from './weights.ts';

/** Who wrote a part last. */
export type Owner = Pick<RecordPart<unknown>, 'epoch' | 'run'>;

export interface Writer extends Owner {
  /** Run id of the workflow that writes. */
  readonly run: string;
  /** Number of the command that it writes for: fences late attempts of the own run. Absent: an older workflow's. */
  readonly turn?: number;
  /**
   * Taking is compare-and-set: the owner that this run replaces, as its plan read it; null: there was no record.
   * Absent: an older workflow's, where a higher epoch was enough.
   */
  readonly replaces?: Owner | null;
}

/** own: goes on with what it wrote itself. takes: replaces the owner that it names. overtaken: neither. */
export function claimOf(part: RecordPart<unknown>, { epoch, run, turn, replaces }: Writer): Claim {
  if (part.run === run) {
    const [was, is] = [part.turn ?? 0, turn ?? 0];
    // An older workflow tells its turns by the epoch alone.
    const late = turn === undefined ? epoch < part.epoch : is < was;
    return late ? 'overtaken' : 'own';
  }
  if (replaces === undefined) return epoch > part.epoch ? 'takes' : 'overtaken';
  const seen = replaces ?? { epoch: 0, run: '' };
  return part.epoch === seen.epoch && part.run === seen.run ? 'takes' : 'overtaken';
}

export type Claim = 'own' | 'takes' | 'overtaken';

/** May a reset run go on with what its former self wrote? Not once that one has gone back, or committed. */
export const isUnderWay = ({ closed }: RecordPart<unknown>): boolean => closed === undefined;

/** The part in the hands of its writer: two runs never share an epoch, and epochs only rise. */
export function takenBy<P extends RecordPart<unknown>>(part: P, writer: Writer): P {
  const { turn: _turn, closed: _closed, ...rest } = part;
  const epoch = Math.max(
    writer.epoch,
    part.epoch + (writer.turn !== undefined && claimOf(part, writer) === 'takes' ? 1 : 0),
  );
  return { ...rest, epoch, run: writer.run, ...turnOf(writer.turn) } as P;
}

const turnOf = (turn = 0): Pick<RecordPart<unknown>, 'turn'> => (turn > 0 ? { turn } : {});

/** The record in the hands of the writer, with the same traffic. */
export function taken(record: RoutingRecord, writer: Writer): RoutingRecord {
  assertEpoch(record, 'versions', writer);
  return { ...record, versions: takenBy(record.versions, writer) };
}

const whereIs = ({ cluster, namespace, service }: RoutingRecord): string =>
  `${cluster}/${namespace}/CiliumEnvoyConfig/tidegate-${service}`;

/** Refuses to write a record that only a newer Tidegate understands. */
function assertUnderstood(record: RoutingRecord): void {
  const unknown = record.needs ?? [];
  if (unknown.length === 0) return;
  refuse(
    'Unavailable',
    `${whereIs(record)}: the record needs a newer Tidegate (${unknown.join(', ')})`,
    'nothing was written; let a worker of the newer version take it',
  );
}

/** Refuses a run that another one has overtaken in this part, and a record that only a newer Tidegate understands. */
export function assertEpoch(record: RoutingRecord, name: Part, writer: Writer): void {
  const part = record[name];
  assertUnderstood(record);
  if (claimOf(part, writer) !== 'overtaken') return;
  refuse(
    'FencedOut',
    `${whereIs(record)}: the ${name} ${name === 'versions' ? 'belong' : 'belongs'} to run ${part.run} (epoch ${String(part.epoch)}), not to run ${writer.run} (epoch ${String(writer.epoch)})`,
    'nothing was written; follow the newer run, or start again after it has ended',
  );
}

const noRecord = ({ cluster, service }: ApplyRoutingInput): TidegateError =>
  new TidegateError(
    'Invalid',
    `${cluster.name}/${service.namespace}/${service.service} has no routing record: its CiliumEnvoyConfig was never made, or was deleted`,
    {
      fix: `clients reach the proven version through the frontend; take the service under Tidegate again: tidegate adopt ${service.service}`,
    },
  );

/** Rest of a record that is not there yet. */
function newRecord(input: ApplyRoutingInput): RoutingRecord {
  const { service, cluster, initial, epoch, run } = input;
  if (initial === undefined) throw noRecord(input);
  const proven = <T>(value: T): RecordPart<T> => ({ proven: value, current: value, epoch, run });
  return {
    schema: 1,
    installation: service.installation,
    mesh: service.mesh,
    namespace: service.namespace,
    service: service.service,
    cluster: cluster.name,
    frontend: initial.frontend,
    topology: proven(initial.topology),
    policy: proven(initial.policy),
    versions: { proven: null, current: null, epoch: 0, run: '', previous: {} },
  };
}

const isUnadopted = ({ versions }: RoutingRecord): boolean => versions.proven === null && versions.current === null;

/** The record with the input's patch in the current of its part; what that leaves out stays at 0. */
export const withShares = (found: RoutingRecord | null, input: ApplyRoutingInput): RoutingRecord =>
  input.topology === undefined ? withVersions(found, input) : withTopology(found, input);

function withVersions(found: RoutingRecord | null, input: Applying<'versions'>): RoutingRecord {
  if (found !== null) assertEpoch(found, 'versions', input);
  // An adoption that was taken back leaves a record of nothing: what it says about the rest may be outdated.
  const record = found === null || (isUnadopted(found) && input.initial !== undefined) ? newRecord(input) : found;
  const { versions } = record;
  const entries = Object.entries(input.versions).map(([serving, shares]): [string, Shares] => [
    serving,
    { ...atZero(versions.current?.[serving]), ...atZero(versions.proven?.[serving]), ...shares },
  ]);
  const current = { ...versions.current, ...Object.fromEntries(entries) };
  const taking = withRunRoutes(takenBy(versions, input), input);
  const moved = inNormalForm({ ...record, versions: { ...taking, current } });
  return input.build === undefined ? moved : withBuild(moved, input.build);
}

/**
 * Two writes, as a subset enters: newcomers first come with a share of 0. They bring what is proven there; what this
 * client knows of a cluster that it calls already is a run of the versions' to change.
 */
function withTopology(record: RoutingRecord | null, input: Applying<'topology'>): RoutingRecord {
  if (record === null || isUnadopted(record)) throw noRecord(input);
  assertEpoch(record, 'topology', input);
  const { topology, versions } = record;
  const { shares, serves: entries } = input.topology;
  const current =
    input.entering === true ? { ...atZero(shares), ...topology.current } : { ...atZero(topology.current), ...shares };
  const called = calledBy(record);
  const joining = Object.fromEntries(Object.entries(entries).filter(([name]) => !called.includes(name)));
  return inNormalForm({
    ...record,
    topology: { ...takenBy(topology, input), current },
    versions: {
      ...versions,
      current: { ...versions.current, ...joining },
      // What is only warm there is proven nowhere.
      proven: { ...versions.proven, ...positive(joining) },
    },
  });
}

const positive = (entries: VersionShares): VersionShares =>
  Object.fromEntries(Object.entries(entries).map(([name, shares]) => [name, positiveShares(shares)]));

/**
 * current := proven in one part. What was in current only stays at 0, so that its requests end in peace. serving [] = all;
 * only versions go back in some serving clusters alone. `newest`: commits that this record may not have heard of, and that
 * are finished here.
 */
export function restored(
  record: RoutingRecord,
  { serving, part, newest = {}, ...writer }: Writer & Restoring,
): RoutingRecord {
  const name = part ?? 'versions';
  assertEpoch(record, name, writer);
  switch (name) {
    case 'versions':
      return versionsBack(withNewest(record, newest), { serving, ...writer });
    case 'topology': {
      const { proven, current, ...rest } = takenBy(record.topology, writer);
      const back = proven === null ? null : { ...atZero(current), ...proven };
      return inNormalForm({ ...record, topology: { ...rest, proven, current: back, closed: true } });
    }
    case 'policy': {
      const policy = takenBy(record.policy, writer);
      return { ...record, policy: { ...policy, current: policy.proven, closed: true } };
    }
  }
}

interface Restoring {
  readonly serving: readonly string[];
  readonly part?: Part;
  readonly newest?: NewestByCluster;
}

function versionsBack(
  record: RoutingRecord,
  { serving, ...writer }: Writer & { serving: readonly string[] },
): RoutingRecord {
  const versions = withRunRoutes(takenBy(record.versions, writer));
  const { proven, current } = versions;
  // Nothing proven: there is no half way back to no Envoy at all.
  if (proven === null) return { ...record, versions: { ...versions, current: null, closed: true } };
  const entries = Object.entries(proven)
    .filter(([name]) => serving.length === 0 || serving.includes(name))
    .map(([name, shares]): [string, Shares] => [name, { ...atZero(current?.[name]), ...shares }]);
  return inNormalForm({
    ...record,
    versions: { ...versions, current: { ...current, ...Object.fromEntries(entries) }, closed: true },
  });
}

/**
 * The record without clusters that it calls no more: they have drained. The epoch stays, as for a version that leaves. A
 * run that is reset later does not go on from here: what had entered for it has left.
 */
export function withoutLeaving(record: RoutingRecord): RoutingRecord {
  const { topology } = record;
  if (leavingFrom(record).length === 0 || topology.current === null) return record;
  const left = inNormalForm({
    ...record,
    topology: { ...topology, current: positiveShares(topology.current), closed: true },
  });
  // An older record says only by its own cluster's entry what callers past Envoy get: it goes with that.
  const pin = pinOf(record);
  return record.pin === undefined && pin !== '' ? { ...left, pin } : left;
}

/**
 * Version that callers past Envoy get in the record's cluster; '' for none, as without a record and where nothing is
 * proven. Older records do not say it themselves.
 */
export const pinOf = (record: RoutingRecord | null): string =>
  record === null || record.versions.proven === null
    ? ''
    : (record.pin ?? mainVersion(record.versions.proven[record.cluster]));

/** Takes a version without traffic out. The epoch stays: a retirement must not fence out a running rollout. */
export function withoutVersion(record: RoutingRecord, version: string): RoutingRecord {
  assertUnderstood(record);
  const { versions } = record;
  const previous = Object.fromEntries(Object.entries(versions.previous).filter(([, name]) => name !== version));
  return {
    ...record,
    versions: {
      ...withRunRoutes(versions, routesWithout(versions, version)),
      current: dropped(versions.current, version),
      proven: dropped(versions.proven, version),
      previous,
    },
  };
}

/** Does the record send anything to the version, now or after a restore? */
export const serves = ({ versions }: RoutingRecord, version: string): boolean =>
  [versions.current, versions.proven].some((part) =>
    Object.values(part ?? {}).some((shares) => (shares[version] ?? 0) > 0),
  );

/** Does the record know the version, with or without a share? */
export const mentions = ({ versions }: RoutingRecord, version: string): boolean =>
  [versions.current, versions.proven].some((part) =>
    Object.values(part ?? {}).some((shares) => Object.hasOwn(shares, version)),
  );

const dropped = (part: VersionShares | null, version: string): VersionShares | null =>
  part === null
    ? null
    : Object.fromEntries(
        Object.entries(part).map(([serving, shares]) => [
          serving,
          Object.fromEntries(Object.entries(shares).filter(([name]) => name !== version)),
        ]),
      );

/** What one client's record is to say of its topology. */
export interface TopologyPatch {
  /** The client's new topology; who it calls now and is not named goes to 0. */
  readonly shares: Shares;
  /** Serving clusters that are new to this client: what is proven there, as a client that calls them has it. */
  readonly serves: VersionShares;
  /** What its commit remembers of drained clusters. Absent: no cluster that this client would call is drained. */
  readonly drained?: Drained;
}

/** A patch names the part that it is of, by its one key. */
export type RecordPatch =
  /**
   * Entries to set in versions.current. A version that the record names and the entry does not is kept at 0 (warm or
   * draining): only retireVersion takes versions out.
   */
  | { readonly versions: VersionShares; readonly topology?: never }
  | { readonly topology: TopologyPatch; readonly versions?: never };

export const partOfPatch = ({ topology }: RecordPatch): Part => (topology === undefined ? 'versions' : 'topology');

export type ApplyRoutingInput = ApplyRouting & RecordPatch;

/** Inputs whose patch is of one part. */
type Applying<P extends Part> = ApplyRouting & Extract<RecordPatch, Readonly<Record<P, unknown>>>;

/** With the routes that are open from now on, beside the split; those that it does not name are closed. */
interface ApplyRouting extends Writer, RunRoutes {
  readonly service: ServiceRef;
  /** The client cluster whose record is patched. */
  readonly cluster: ClusterRef;
  /** First of the two writes of a topology: newcomers come with a share of 0, and nothing else moves. Absent: it is not. */
  readonly entering?: true;
  /** The version that enters, as this cluster has it; absent: it runs no pods of it, or nothing enters. */
  readonly build?: Build & { readonly version: string };
  /** At adoption, when the cluster has no record yet: the rest of it. */
  readonly initial?: { readonly frontend: Frontend; readonly topology: Shares; readonly policy: L7Policy };
  /** false: clusters and listener, but no redirect yet (first of the two writes at adoption). Default true. */
  readonly redirect?: boolean;
}

export interface ApplyRoutingResult {
  readonly cluster: string;
  readonly changes: readonly ObjectChange[];
  /** Expected weight by Envoy stat name, ppm. Empty: no redirect, nothing goes through Envoy. */
  readonly weights: Readonly<Record<string, number>>;
  /** Our clock after the API server's answer, ms since the epoch. */
  readonly writtenAtMs: number;
  /** Run id of the workflow that it was written for: a run that was reset learns by it that it is another one. Absent: by an older worker. */
  readonly by?: string;
}

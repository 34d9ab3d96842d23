/** What each writing activity makes of a record. Pure: the same record and input give the same record. */
import type { ClusterRef } from '../kube/cluster-ref.ts';
import type { ObjectChange } from '../kube/object-change.ts';
import { TidegateError, refuse } from '../values/error.ts';
import { type Shares, positiveShares } from '../values/share.ts';
import { type NewestByCluster, withNewest } from './newest-proven.ts';
import { inNormalForm } from './normal-form.ts';
import type { Build, Frontend, L7Policy, RecordPart, RoutingRecord, VersionShares, VersionsPart } from './record.ts';
import type { ServiceRef } from './service-ref.ts';
import { sameTraffic, mainVersion } from './weights.ts';

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
function takenBy(part: VersionsPart, writer: Writer): VersionsPart {
  const { turn: _turn, closed: _closed, ...rest } = part;
  const epoch = Math.max(
    writer.epoch,
    part.epoch + (writer.turn !== undefined && claimOf(part, writer) === 'takes' ? 1 : 0),
  );
  return { ...rest, epoch, run: writer.run, ...turnOf(writer.turn) };
}

const turnOf = (turn = 0): Pick<RecordPart<unknown>, 'turn'> => (turn > 0 ? { turn } : {});

/** The record in the hands of the writer, with the same traffic. */
export function taken(record: RoutingRecord, writer: Writer): RoutingRecord {
  assertEpoch(record, writer);
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

/** Refuses a run that another one has overtaken, and a record that only a newer Tidegate understands. */
export function assertEpoch(record: RoutingRecord, writer: Writer): void {
  const part = record.versions;
  assertUnderstood(record);
  if (claimOf(part, writer) !== 'overtaken') return;
  refuse(
    'FencedOut',
    `${whereIs(record)}: the versions belong to run ${part.run} (epoch ${String(part.epoch)}), not to run ${writer.run} (epoch ${String(writer.epoch)})`,
    'nothing was written; follow the newer run, or start again after it has ended',
  );
}

/** Rest of a record that is not there yet. */
function newRecord(input: ApplyRoutingInput): RoutingRecord {
  const { service, cluster, initial, epoch, run } = input;
  if (initial === undefined) {
    refuse(
      'Invalid',
      `${cluster.name}/${service.namespace}/${service.service} has no routing record: its CiliumEnvoyConfig was never made, or was deleted`,
      `clients reach the proven version through the frontend; take the service under Tidegate again: tidegate adopt ${service.service}`,
    );
  }
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

/** The record with the input's entries in versions.current; versions that an entry leaves out stay at 0. */
export function withShares(found: RoutingRecord | null, input: ApplyRoutingInput): RoutingRecord {
  if (found !== null) assertEpoch(found, input);
  // An adoption that was taken back leaves a record of nothing: what it says about the rest may be outdated.
  const record = found === null || (isUnadopted(found) && input.initial !== undefined) ? newRecord(input) : found;
  const { versions } = record;
  const entries = Object.entries(input.versions).map(([serving, shares]): [string, Shares] => [
    serving,
    { ...atZero(versions.current?.[serving]), ...atZero(versions.proven?.[serving]), ...shares },
  ]);
  const current = { ...versions.current, ...Object.fromEntries(entries) };
  const moved = inNormalForm({ ...record, versions: { ...takenBy(versions, input), current } });
  return input.build === undefined ? moved : withBuild(moved, input.build);
}

/** Builds that a record remembers; the oldest go first. */
const BUILDS = 100;

/** The version's name stands for this template in the record's own cluster, from now on. */
function withBuild(record: RoutingRecord, { version, ...build }: Build & { readonly version: string }): RoutingRecord {
  const found = record.builds?.[version];
  if (found !== undefined && found.digest !== build.digest) throw otherBuild(record, version);
  if (found !== undefined) return record;
  const kept = Object.entries(record.builds ?? {})
    .toSorted(([, a], [, b]) => b.atMs - a.atMs)
    .slice(0, BUILDS - 1);
  return { ...record, builds: Object.fromEntries([...kept, [version, build]]) };
}

export const otherBuild = ({ cluster, namespace, service }: RoutingRecord, version: string): TidegateError =>
  new TidegateError(
    'VersionExists',
    `${cluster}/${namespace}/${service}: ${version} was another pod template here before: a version name stands for one build for ever`,
    { fix: 'use another version name' },
  );

/**
 * current := proven. What was in current only stays at 0, so that its requests end in peace. serving [] = all.
 * `newest`: commits that this record may not have heard of, and that are finished here.
 */
export function restored(
  found: RoutingRecord,
  { serving, newest = {}, ...writer }: Writer & { serving: readonly string[]; newest?: NewestByCluster },
): RoutingRecord {
  assertEpoch(found, writer);
  const record = withNewest(found, newest);
  const versions = takenBy(record.versions, writer);
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

/** proven := current in the serving clusters; `previous` is what was proven before, and stays when nothing changes. */
export function committed(
  record: RoutingRecord,
  { serving, pin, ...writer }: Writer & { serving: readonly string[]; pin?: string },
): RoutingRecord {
  assertEpoch(record, writer);
  const versions = takenBy(record.versions, writer);
  const current = versions.current ?? {};
  const proven: Record<string, Shares> = { ...versions.proven };
  const previous: Record<string, string> = { ...versions.previous };
  const commits: Record<string, number> = { ...versions.commits };
  for (const name of serving.filter((one) => Object.hasOwn(current, one))) {
    const shares = positiveShares(current[name]);
    const old = versions.proven?.[name];
    if (old !== undefined && !sameTraffic({ [name]: old }, { [name]: shares })) previous[name] = mainVersion(old);
    proven[name] = shares;
    // The run's own number: a record's epoch may be higher in one cluster than in another.
    commits[name] = writer.epoch;
  }
  return {
    ...record,
    ...(pin !== undefined && pin !== '' && { pin }),
    versions: {
      ...versions,
      proven: Object.keys(proven).length === 0 ? null : proven,
      previous,
      ...(Object.keys(commits).length > 0 && { commits }),
      closed: true,
    },
  };
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
      ...versions,
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

const atZero = (shares: Shares | undefined): Shares =>
  Object.fromEntries(Object.keys(shares ?? {}).map((name) => [name, 0]));

const dropped = (part: VersionShares | null, version: string): VersionShares | null =>
  part === null
    ? null
    : Object.fromEntries(
        Object.entries(part).map(([serving, shares]) => [
          serving,
          Object.fromEntries(Object.entries(shares).filter(([name]) => name !== version)),
        ]),
      );

export interface ApplyRoutingInput extends Writer {
  readonly service: ServiceRef;
  /** The client cluster whose record is patched. */
  readonly cluster: ClusterRef;
  /**
   * Entries to set in versions.current. A version that the record names and the entry does not is kept at 0 (warm or
   * draining): only retireVersion takes versions out.
   */
  readonly versions: VersionShares;
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

/** What each writing activity makes of a record. Pure: the same record and input give the same record. */
import type { ClusterRef } from '../kube/cluster-ref.ts';
import type { ObjectChange } from '../kube/object-change.ts';
import { refuse } from '../values/error.ts';
import { type Shares, positiveShares } from '../values/share.ts';
import type { RecordPart, RoutingRecord, VersionShares, Frontend, L7Policy } from './record.ts';
import type { ServiceRef } from './service-ref.ts';
import { sameTraffic, mainVersion } from './weights.ts';

export interface Writer {
  readonly epoch: number;
  /** Workflow run that took the epoch. */
  readonly run: string;
}

/** Refuses a run that a newer one has overtaken. Two runs never share an epoch. */
export function assertEpoch(record: RoutingRecord, { epoch, run }: Writer): void {
  const part = record.versions;
  if (epoch > part.epoch || (epoch === part.epoch && run === part.run)) return;
  const where = `${record.cluster}/${record.namespace}/CiliumEnvoyConfig/tidegate-${record.service}`;
  refuse(
    'FencedOut',
    `${where}: the versions belong to run ${part.run} (epoch ${String(part.epoch)}), not to run ${run} (epoch ${String(epoch)})`,
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
  return { ...record, versions: { ...versions, current, epoch: input.epoch, run: input.run } };
}

/** current := proven. What was in current only stays at 0, so that its requests end in peace. serving [] = all. */
export function restored(
  record: RoutingRecord,
  { serving, epoch, run }: Writer & { serving: readonly string[] },
): RoutingRecord {
  assertEpoch(record, { epoch, run });
  const { versions } = record;
  const { proven, current } = versions;
  // Nothing proven: there is no half way back to no Envoy at all.
  if (proven === null) return { ...record, versions: { ...versions, current: null, epoch, run } };
  const wanted = serving.length === 0 ? Object.keys(proven) : serving.filter((name) => proven[name] !== undefined);
  const entries = wanted.map((name): [string, Shares] => [name, { ...atZero(current?.[name]), ...proven[name] }]);
  return { ...record, versions: { ...versions, current: { ...current, ...Object.fromEntries(entries) }, epoch, run } };
}

/** proven := current in the serving clusters; `previous` is what was proven before, and stays when nothing changes. */
export function committed(
  record: RoutingRecord,
  { serving, epoch, run }: Writer & { serving: readonly string[] },
): RoutingRecord {
  assertEpoch(record, { epoch, run });
  const { versions } = record;
  const current = versions.current ?? {};
  const proven: Record<string, Shares> = { ...versions.proven };
  const previous: Record<string, string> = { ...versions.previous };
  for (const name of serving.filter((one) => current[one] !== undefined)) {
    const shares = positiveShares(current[name]);
    const old = versions.proven?.[name];
    if (old !== undefined && !sameTraffic({ [name]: old }, { [name]: shares })) previous[name] = mainVersion(old);
    proven[name] = shares;
  }
  return {
    ...record,
    versions: { ...versions, proven: Object.keys(proven).length === 0 ? null : proven, previous, epoch, run },
  };
}

/** Takes a version without traffic out. The epoch stays: a retirement must not fence out a running rollout. */
export function withoutVersion(record: RoutingRecord, version: string): RoutingRecord {
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

export interface ApplyRoutingInput {
  readonly service: ServiceRef;
  /** The client cluster whose record is patched. */
  readonly cluster: ClusterRef;
  readonly epoch: number;
  readonly run: string;
  /**
   * Entries to set in versions.current. A version that the record names and the entry does not is kept at 0 (warm or
   * draining): only retireVersion takes versions out.
   */
  readonly versions: VersionShares;
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
}

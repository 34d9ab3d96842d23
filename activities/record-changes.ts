/** What each writing activity makes of a record. Pure: the same record and input give the same record. */
import type { ApplyRoutingInput } from '../core/contract/activities.ts';
import { TidegateError } from '../core/contract/errors.ts';
import type { RecordPart, RoutingRecord, Shares, VersionShares } from '../core/routing/record.ts';
import { sameTraffic } from '../core/routing/weights.ts';

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
  throw new TidegateError(
    'FencedOut',
    `${where}: the versions belong to run ${part.run} (epoch ${String(part.epoch)}), not to run ${run} (epoch ${String(epoch)})`,
    { fix: 'nothing was written; follow the newer run, or start again after it has ended' },
  );
}

/** Rest of a record that is not there yet. */
function newRecord(input: ApplyRoutingInput): RoutingRecord {
  const { service, cluster, initial, epoch, run } = input;
  if (initial === undefined) {
    throw new TidegateError(
      'Invalid',
      `${cluster.name}/${service.namespace}/${service.service} has no routing record: its CiliumEnvoyConfig was never made, or was deleted`,
      {
        fix: `clients reach the proven version through the frontend; take the service under Tidegate again: tidegate adopt ${service.service}`,
      },
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
    const shares = positive(current[name]);
    const old = versions.proven?.[name];
    if (old !== undefined && !sameTraffic({ [name]: old }, { [name]: shares })) previous[name] = largest(old);
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

export const names = ({ versions }: RoutingRecord, version: string): boolean =>
  [versions.current, versions.proven].some((part) =>
    Object.values(part ?? {}).some((shares) => Object.hasOwn(shares, version)),
  );

/** The version with the largest share; '' when there is none. */
export const largest = (shares: Shares | undefined): string =>
  Object.entries(shares ?? {}).toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))[0]?.[0] ?? '';

const atZero = (shares: Shares | undefined): Shares =>
  Object.fromEntries(Object.keys(shares ?? {}).map((name) => [name, 0]));

const positive = (shares: Shares | undefined): Shares =>
  Object.fromEntries(Object.entries(shares ?? {}).filter(([, share]) => share > 0));

const dropped = (part: VersionShares | null, version: string): VersionShares | null =>
  part === null
    ? null
    : Object.fromEntries(
        Object.entries(part).map(([serving, shares]) => [
          serving,
          Object.fromEntries(Object.entries(shares).filter(([name]) => name !== version)),
        ]),
      );

/** What the writing activities make of a mesh. Records change through core/routing as it is; the rest is played. */
import type { Superseding } from '../../../../activities/other-runs.ts';
import type { Plan } from '../../../../core/rollout/plan/plan.ts';
import { withAbsent } from '../../../../core/routing/absence.ts';
import {
  assertEpoch,
  claimOf,
  isUnderWay,
  mentions,
  pinOf,
  restored,
  serves,
  withoutVersion,
  withShares,
  type Writer,
} from '../../../../core/routing/changes.ts';
import { committed } from '../../../../core/routing/committed.ts';
import { deploymentName } from '../../../../core/routing/names.ts';
import { pinBack } from '../../../../core/routing/pin-back.ts';
import type { Absence, RoutingRecord, VersionShares } from '../../../../core/routing/record.ts';
import { mainVersion, subsetsOf } from '../../../../core/routing/weights.ts';
import { TidegateError, refuse } from '../../../../core/values/error.ts';
import { positiveNames } from '../../../../core/values/share.ts';
import type { Due } from '../../../../core/workload/cluster-state.ts';
import { assertMade } from '../../../../core/workload/unmade.ts';
import { assertUp, key, members, readRecord, versionsIn, type Cluster, type Deployed, type Mesh } from './mesh.ts';

export interface At {
  readonly plan: Plan;
  readonly cluster: Cluster;
  readonly by: Writer;
  readonly absent: Readonly<Record<string, Absence>>;
  readonly nowMs: number;
  /** What Temporal says: is that run over, so that this one may go on in its place? */
  /** … and has the own run ended? */
  readonly isOver: () => boolean;
  readonly supersedes: (run: string, over: Superseding) => boolean;
}

/** As activities/claim.ts: the writer as the record is to know it. */
function claim({ by, supersedes, isOver }: At, record: RoutingRecord | null, over: Superseding): Writer {
  if (record === null) {
    if (isOver()) refuse('FencedOut', `run ${by.run} is over`, '');
    return by;
  }
  const part = record.versions;
  const claimed = claimOf(part, by);
  if (claimed === 'own' && over === 'formerSelf' && isOver()) refuse('FencedOut', `run ${by.run} is over`, '');
  if (claimed !== 'overtaken' || part.run === by.run) return by;
  if (over === 'formerSelf' && !isUnderWay(part)) return by;
  return supersedes(part.run, over) ? { ...by, replaces: { epoch: part.epoch, run: part.run } } : by;
}

const nameOf = (version: string): string => deploymentName('checkout', version);

/** As the renderer refuses: calls would have nobody to go to. */
function assertRenders({ cluster, topology, versions }: RoutingRecord, redirect: boolean): void {
  if (versions.current === null || topology.current === null) {
    if (redirect) refuse('Invalid', `record of ${cluster}: nothing has a share`, '');
    return;
  }
  for (const name of positiveNames(topology.current)) {
    if (positiveNames(versions.current[name]).length > 0) continue;
    refuse('Invalid', `record of ${cluster}: ${name} gets traffic but has no version with a share`, '');
  }
}

function write(
  cluster: Cluster,
  { record, redirect }: { record: RoutingRecord; redirect: boolean },
  run: string,
): void {
  assertRenders(record, redirect);
  if (cluster.route?.record.needs !== undefined)
    throw new Error('a worker writes a record that it does not understand');
  cluster.route = { record, redirected: redirect, text: '' };
  const wanted = subsetsOf(record).map((one) => key(one.version, one.cluster));
  if (wanted.some((one) => !cluster.subsets.has(one))) cluster.subsets = new Set([...cluster.subsets, ...wanted]);
  if (run !== '' && cluster.writers.at(-1) !== run) cluster.writers = [...cluster.writers, run];
}

const replace = (cluster: Cluster, name: string, change: Partial<Deployed>): void => {
  cluster.deployments = cluster.deployments.map((one) => (one.name === name ? { ...one, ...change } : one));
};

/** Pods of the version that a subset's Service selects. */
export const isReady = ({ deployments }: Cluster, version: string): boolean =>
  deployments.some((one) => one.version === version && one.managed && one.replicas > 0);

/** The digest of what is ready in the end. */
export function prepareVersion({ plan, cluster }: At): string {
  assertUp(cluster);
  const { version } = plan;
  const record = readRecord(cluster);
  const pin = record === null || record.versions.proven === null ? '' : pinOf(record);
  if (pin !== '') pinTo(cluster, pin);
  const source = plan.sources[cluster.name];
  const replaces = plan.replaces[cluster.name] ?? '';
  const from = cluster.deployments.find(({ name }) => name === source?.deployment);
  if (from === undefined)
    refuse('Invalid', `${cluster.name}: Deployment ${String(source?.deployment)} does not exist`, '');
  const own = cluster.deployments.filter((one) => one.version === replaces);
  const replaced = replaces === '' ? from : (own.find(({ managed }) => managed) ?? own[0]);
  const replicas = Math.max(1, replaced?.replicas ?? 0);
  if (plan.marksOriginals && !from.managed) replace(cluster, from.name, { mark: version });
  if (replaced?.hold === '') replace(cluster, replaced.name, { hold: version });
  const name = nameOf(version);
  const live = cluster.deployments.find((one) => one.name === name);
  const byName = replaces !== '' && source?.image === undefined;
  if (byName && live === undefined) refuse('Invalid', `${cluster.name}: the Deployment of ${version} is gone`, '');
  const image = byName ? (live?.image ?? '') : (source?.image ?? from.image);
  const before = live?.image ?? record?.builds?.[version]?.digest ?? image;
  if (before !== image) refuse('VersionExists', `${cluster.name}: ${version} stands for ${before}`, '');
  cluster.subsets = new Set([...cluster.subsets, key(version, cluster.name)]);
  if (plan.existed) markDue(cluster, version, 'anew');
  if (live !== undefined) replace(cluster, name, { replicas: Math.max(live.replicas, replicas) });
  else
    cluster.deployments = [
      ...cluster.deployments,
      { name, version, image, managed: true, replicas, hold: '', mark: '' },
    ];
  return image;
}

function pinTo(cluster: Cluster, version: string): void {
  cluster.pin = version;
  cluster.unpinned = false;
}

/** On the version's own Service; nothing is written where it has none. */
export function markDue(cluster: Cluster, version: string, due: Due): void {
  if (cluster.subsets.has(key(version, cluster.name))) cluster.dues = { ...cluster.dues, [version]: due };
}

interface Applied {
  readonly versions: VersionShares;
  readonly redirect: boolean;
  /** Build of the version that enters; '' = none was made here. */
  readonly build: string;
  /** The first write of a wave. */
  readonly enters?: boolean;
}

export function applyRouting(at: At, { versions, redirect, build, enters = false }: Applied): void {
  const { plan, cluster } = at;
  assertUp(cluster);
  const found = readRecord(cluster);
  const by = claim(at, found, 'formerSelf');
  const ref = { name: cluster.name, access: { kind: 'kubeconfig', path: '' } } as const;
  const initial = enters ? plan.initial[cluster.name] : undefined;
  const built = build === '' ? {} : { build: { version: plan.version, digest: build, atMs: 1 } };
  const input = { service: plan.service, cluster: ref, ...by, versions, ...(initial && { initial }), ...built };
  write(cluster, { record: withShares(found, input), redirect }, by.run);
}

export function commit(at: At, { serving, pin }: { serving: readonly string[]; pin: string }): void {
  const { cluster } = at;
  assertUp(cluster);
  if (pin !== '' && !isReady(cluster, pin))
    throw new TidegateError('NotYet', `${cluster.name}: no ready endpoint of ${pin}`);
  const record = readRecord(cluster);
  const redirect = cluster.route?.redirected ?? false;
  if (record !== null) {
    const by = claim(at, record, 'formerSelf');
    const proven = withAbsent(committed(record, { serving, pin, ...by }), at.absent);
    write(cluster, { record: proven, redirect }, by.run);
    const left = replacedIn(proven, serving);
    if (left !== '') markDue(cluster, left, at.nowMs + at.plan.warmMs);
  }
  if (pin === '') return;
  pinTo(cluster, pin);
  replace(cluster, nameOf(pin), { hold: '' });
}

/** The version that has just been replaced in the record's own cluster; '' = none. */
function replacedIn({ cluster, versions }: RoutingRecord, serving: readonly string[]): string {
  const before = versions.previous[cluster] ?? '';
  return serving.includes(cluster) && before !== mainVersion(versions.proven?.[cluster]) ? before : '';
}

export function restore(at: At, serving: readonly string[]): void {
  const { cluster } = at;
  assertUp(cluster);
  const record = readRecord(cluster);
  if (record === null || cluster.route === null) return;
  const by = claim(at, record, 'anyFormerRun');
  assertEpoch(record, 'versions', by);
  const { proven, current } = record.versions;
  if (proven === null && current === null && !cluster.route.redirected) return;
  const { newest } = at.plan;
  const back = withAbsent(restored(record, { serving, ...by, ...(newest && { newest }) }), at.absent);
  assertMade(back, versionsIn(cluster));
  write(cluster, { record: back, redirect: back.versions.proven !== null }, by.run);
  const pin = serving.length > 0 && !serving.includes(cluster.name) ? '' : pinBack(back, cluster.pin);
  if (pin !== '') pinTo(cluster, pin);
}

/** One cluster of the wave; that all are looked at first is the activity's own. */
export function movePin(at: At, version: string): void {
  const { cluster } = at;
  assertUp(cluster);
  const record = readRecord(cluster);
  if (record === null) refuse('Invalid', `${cluster.name}: the record is gone`, '');
  assertEpoch(record, 'versions', claim({ ...at, by: { ...at.by, replaces: null } }, record, 'formerSelf'));
  if (!isReady(cluster, version)) throw new TidegateError('NotYet', `${cluster.name}: no ready endpoint of ${version}`);
  pinTo(cluster, version);
}

/** First every client's route, then what is left of subsets. */
export function release(at: At, step: 'route' | 'services'): void {
  const { cluster } = at;
  assertUp(cluster);
  if (step === 'services') {
    cluster.subsets = new Set();
    cluster.dues = {};
    return;
  }
  const record = readRecord(cluster);
  if (record === null) return;
  const version = pinOf(record);
  if (version === '') {
    if (cluster.deployments.every(({ replicas }) => replicas === 0))
      refuse('Invalid', `${cluster.name}: nobody answers`, '');
  } else {
    if (!isReady(cluster, version))
      throw new TidegateError('NotYet', `${cluster.name}: no ready endpoint of ${version}`);
    pinTo(cluster, version);
  }
  assertEpoch(record, 'versions', claim(at, record, 'anyFormerRun'));
  cluster.route = null;
}

/** Every cluster must answer: one that is not seen may still send to it. */
export function retireVersion(mesh: Mesh, version: string, keptIn: readonly string[]): void {
  const all = members(mesh);
  all.forEach(assertUp);
  if (all.some((one) => servesIn(one, version))) return;
  for (const one of all) {
    const record = readRecord(one);
    const gone = record !== null && record.versions.proven === null && record.versions.current === null;
    if (gone && one.route?.redirected === false) one.route = null;
    else if (record !== null && mentions(record, version)) {
      write(one, { record: withoutVersion(record, version), redirect: one.route?.redirected ?? false }, '');
    }
  }
  all.forEach((one) => removeVersion(one, version, keptIn.includes(one.name)));
}

function servesIn(cluster: Cluster, version: string): boolean {
  const record = readRecord(cluster);
  return record !== null && serves(record, version);
}

function removeVersion(cluster: Cluster, version: string, isMeant: boolean): void {
  const kept = isMeant || cluster.pin === version;
  const stays = (subset: string): boolean =>
    !subset.startsWith(`${version}@`) || (kept && subset === key(version, cluster.name));
  cluster.subsets = new Set([...cluster.subsets].filter(stays));
  if (!kept) cluster.dues = Object.fromEntries(Object.entries(cluster.dues).filter(([name]) => name !== version));
  cluster.deployments = cluster.deployments
    .map((one) => (one.hold === version ? { ...one, hold: '' } : one))
    .filter((one) => !(one.managed && one.version === version) || kept);
}

/** As the activities pinVersion and freeAutoscalers. */
export function pinVersion(cluster: Cluster): void {
  assertUp(cluster);
  const version = pinOf(readRecord(cluster));
  if (version === '') return;
  if (!isReady(cluster, version)) throw new TidegateError('NotYet', `${cluster.name}: no ready endpoint of ${version}`);
  pinTo(cluster, version);
  replace(cluster, nameOf(version), { hold: '' });
}

export function freeAutoscalers(cluster: Cluster, version: string): void {
  assertUp(cluster);
  cluster.deployments = cluster.deployments.map((one) => (one.hold === version ? { ...one, hold: '' } : one));
  unmark(cluster, version);
}

function unmark(cluster: Cluster, version: string): void {
  cluster.deployments = cluster.deployments.map((one) => (one.mark === version ? { ...one, mark: '' } : one));
}

/** false: it is still called, and stays. */
export function retireOriginal(cluster: Cluster, { name, version }: { name: string; version: string }): boolean {
  assertUp(cluster);
  const found = cluster.deployments.find((one) => one.name === name);
  if (found === undefined) return true;
  if (found.replicas > 0 && (cluster.pin === '' || !isReady(cluster, cluster.pin))) return false;
  replace(cluster, name, { replicas: 0 });
  freeAutoscalers(cluster, version);
  return true;
}

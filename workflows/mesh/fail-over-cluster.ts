/** All services of a mesh leave a lost cluster, many at a time; what could not be moved is tried again. */
import { isCancellation, proxyActivities, sleep } from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { MeasureLoadResult } from '../../core/contract/drill.ts';
import type {
  FailedOverClient,
  FailedOverService,
  FailoverLoad,
  FailOverResult,
} from '../../core/contract/failover.ts';
import type { ListedService, ListServicesResult } from '../../core/contract/settle-activities.ts';
import type { VerifyRoutingResult } from '../../core/judge/proof/proof.ts';
import type { ClusterRef } from '../../core/kube/cluster-ref.ts';
import { failedOverEnded } from '../../core/rollout/outcome.ts';
import type { ServiceRef } from '../../core/routing/service-ref.ts';
import { present } from '../../core/values/json.ts';
import { namesText } from '../../core/values/names-text.ts';
import type { Shares } from '../../core/values/share.ts';
import { formatShare, positiveNames } from '../../core/values/share.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { describeFailure } from '../failures.ts';
import { installation } from '../installation.ts';
import { hearersOfEnd, tellEnd } from '../run-ended.ts';

const options = activityOptions(noPlan, installation());
const { failOver } = proxyActivities<RolloutActivities>({ ...options.failOver, summary: 'its calls go elsewhere' });
const { verifyRestored } = proxyActivities<RolloutActivities>({
  ...options.verifyRestored,
  summary: 'do the Envoys follow?',
});
/** Calls fail meanwhile: what is not known by then is not waited for. */
const { measureLoad } = proxyActivities<RolloutActivities>({
  ...options.measureLoad,
  ...{ scheduleToCloseTimeout: 3_000, retry: { maximumAttempts: 1 }, summary: 'how much do the others carry?' },
});

/** Services that are moved at the same time: as many as the worker has places for ways back. */
const AT_ONCE = 40;
/** Between two rounds for what is left, ms: a record that somebody else was writing is free soon. */
const AGAIN_MS = [1_000, 5_000, 30_000, 60_000] as const;

/** Of the time before the loss, ms: what is looked at, and what is too near. */
const LOOK_BACK_MS = { from: 5 * 60_000, to: 15_000 } as const;
/** For the numbers of before the loss, ms: calls to the lost cluster fail meanwhile, and its metrics may be lost with it. */
const COUNT_WITHIN_MS = 2_000;
/** How long an Envoy is looked at before nothing is known of it, ms. */
const VERIFY_MS = 60_000;

interface LostCluster {
  readonly listed: ListServicesResult;
  readonly lost: string;
  /** Clusters that answer: the others are tried once they do. */
  readonly answering: readonly string[];
  readonly atMs: number;
  /** The evidence. */
  readonly text: string;
  /** A person has said that pauses do not hold it up. */
  readonly despitePauses: boolean;
}

export async function failOverCluster(
  lost: LostCluster,
  say: (services: readonly FailedOverService[]) => void,
): Promise<void> {
  const told = new Map<string, FailedOverService>();
  const tell = (one: FailedOverService): void => {
    told.set(one.service, one);
    say([...told.values()]);
  };
  const add = (service: string, proof: Proven | null): void => {
    const last = told.get(service);
    if (last !== undefined && proof !== null) tell({ ...last, ...proof(last) });
  };
  const load = loadBefore(lost);
  const proofs: Promise<void>[] = [];
  const all = lost.listed.services;
  const others = lost.listed.clusters.filter(({ name }) => name !== lost.lost);
  const answering = others.filter(({ name }) => lost.answering.includes(name));
  // Who answers is written at once, and waits for nobody; then it is everybody's turn.
  const telling = { ...lost, tell, add, load, proofs };
  const first = await round({ ...telling, clusters: answering }, all);
  let left = answering.length < others.length ? all : first;
  for (const waitMs of AGAIN_MS) {
    if (left.length === 0) break;
    await sleep(waitMs);
    left = await round({ ...telling, clusters: others }, left);
  }
  await Promise.all(proofs);
}

/** Of the services whose pods' rate is known. What nobody could count is not known; it never rejects. */
async function loadBefore({ listed, lost, atMs }: LostCluster): Promise<MeasureLoadResult> {
  const services = listed.services.filter((one) => one.ratePerReplica !== undefined).map(({ service }) => service);
  if (services.length === 0) return { services: [], problem: '' };
  const window = { fromMs: atMs - LOOK_BACK_MS.from, toMs: atMs - LOOK_BACK_MS.to };
  const clusters = listed.clusters.filter(({ name }) => name !== lost);
  const counted = measureLoad({ mesh: listed.mesh, services, clusters, ...window }).catch((error: unknown) => ({
    services: [],
    problem: describeFailure(error).message,
  }));
  const late = sleep(COUNT_WITHIN_MS).then(() => ({ services: [], problem: 'not counted in time' }));
  return Promise.race([counted, late]);
}

interface Telling extends LostCluster {
  /** Those that are read and written. */
  readonly clusters: readonly ClusterRef[];
  readonly tell: (one: FailedOverService) => void;
  /** To what was told of the service last. */
  readonly add: (service: string, proof: Proven | null) => void;
  readonly load: Promise<MeasureLoadResult>;
  /** Each service's proof is begun as soon as it is written, and keeps no other one waiting. */
  readonly proofs: Promise<void>[];
}

/** Those that are left. */
async function round(lost: Telling, services: readonly ListedService[]): Promise<readonly ListedService[]> {
  const todo = [...services];
  const left: ListedService[] = [];
  const work = async (): Promise<void> => {
    for (let one = todo.shift(); one !== undefined; one = todo.shift()) if (!(await moved(lost, one))) left.push(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return left;
}

async function moved(telling: Telling, listed: ListedService): Promise<boolean> {
  const { clusters, lost, atMs, text, tell, despitePauses, proofs } = telling;
  const { service, failover = [], sinks } = listed;
  const of = { service: `${service.namespace}/${service.service}`, cluster: lost };
  tell({ ...of, phase: 'moving', text: 'its calls are moved' });
  try {
    // Without a wait: one changes the order of commands, and older runs knew of no load.
    const load =
      listed.ratePerReplica === undefined
        ? undefined
        : await loadOf(telling, { service, ratePerReplica: listed.ratePerReplica });
    const { clients, carried } = await failOver({
      ...{ service, lost, clusters, failover, atMs, ...present({ load }) },
      ...(despitePauses && { despitePauses }),
    });
    const room = roomText(load, carried);
    const [failed] = clients.filter(({ action }) => action === 'failed');
    const done = clients.filter(({ action }) => action === 'configured');
    tell({ ...of, ...standOf(clients, { lost, room }) });
    proofs.push(proven(service, clients).then((proof) => telling.add(of.service, proof)));
    if (done.length > 0)
      await tellEnd(
        failedOverEnded(service, {
          lost,
          reason: `${text}; ${movedText(done)}${room}`,
          clusters: gainsOf(done),
        }),
        hearersOfEnd(service, sinks),
      );
    return failed === undefined;
  } catch (error) {
    if (isCancellation(error)) throw error;
    tell({ ...of, phase: 'left', text: describeFailure(error).message });
    return false;
  }
}

/** What could not be written is tried again; what is paused waits for the end of that. */
function standOf(
  clients: readonly FailedOverClient[],
  { lost, room }: { readonly lost: string; readonly room: string },
): Pick<FailedOverService, 'phase' | 'text'> {
  const [failed] = clients.filter(({ action }) => action === 'failed');
  if (failed !== undefined) return { phase: 'left', text: `${failed.cluster}: ${failed.failed}` };
  const [paused] = clients.filter(({ action }) => action === 'paused');
  const done = movedText(clients.filter(({ action }) => action === 'configured'));
  if (paused === undefined) return { phase: 'moved', text: `${done}${room}` };
  const now = `at once: tidegate cluster failover ${lost} --despite-pauses --reason TEXT`;
  return { phase: 'paused', text: `calls of ${paused.cluster} still go to ${lost}: ${paused.failed}; ${now}` };
}

/** '' = nobody has said what a pod answers. */
const roomText = (load: FailoverLoad | undefined, carried: FailOverResult['carried'] | undefined): string =>
  carried === undefined
    ? load === undefined
      ? ''
      : '; whether there is room for them is not known: nothing was counted'
    : carried.shortBy > 0
      ? `; of the ${rate(carried.perSecond)} that are moved, ${rate(carried.shortBy)} are more than the pods there answer`
      : `; there is room for the ${rate(carried.perSecond)} that are moved`;

const rate = (perSecond: number): string => `${perSecond.toFixed(1)}/s`;

interface Rated {
  readonly service: ServiceRef;
  readonly ratePerReplica: number;
}

async function loadOf({ load }: Telling, { service: of, ratePerReplica }: Rated): Promise<FailoverLoad> {
  const { services } = await load;
  const name = `${of.namespace}/${of.service}`;
  return { ratePerReplica, flows: services.find(({ service }) => service === name)?.flows ?? [] };
}

type Proven = (before: Pick<FailedOverService, 'text'>) => Pick<FailedOverService, 'text' | 'proof'>;

/** Do the Envoys follow? What cannot be said is no success. null: nothing was written, or an older worker did. Never rejects. */
async function proven(service: ServiceRef, clients: readonly FailedOverClient[]): Promise<Proven | null> {
  const targets = clients.flatMap(({ cluster, wrote }) =>
    wrote === undefined ? [] : [{ cluster: { name: cluster }, ...wrote }],
  );
  if (targets.length === 0) return null;
  const proof = await verifyRestored({ service, mode: 'restored', targets, timeoutMs: VERIFY_MS }).catch(
    (error: unknown): VerifyRoutingResult => ({
      ...{ result: 'untested', verifiedAtMs: 0 },
      proofs: [
        { cluster: '*', instance: '*', result: 'untested', reason: describeFailure(error).message, requests: 0 },
      ],
    }),
  );
  const why = namesText([
    ...new Set(proof.proofs.filter(({ result }) => result === proof.result).map(({ reason }) => reason)),
  ]);
  const says = {
    verified: 'the Envoys follow',
    contradicted: `CONTRADICTED by traffic: ${why}`,
    untested: `not seen in traffic yet: ${why}`,
  };
  return ({ text }) => ({ text: `${text}; ${says[proof.result]}`, proof: proof.result });
}

const movedText = (done: readonly FailedOverClient[]): string =>
  done.length === 0
    ? 'no calls go there'
    : done.map(({ cluster, shares }) => `calls of ${cluster} go to ${sharesText(shares)}`).join('; ');

const gainsOf = (done: readonly FailedOverClient[]): string[] => [
  ...new Set(done.flatMap(({ shares }) => positiveNames(shares))),
];

const sharesText = (shares: Shares): string =>
  positiveNames(shares)
    .map((name) => `${name} ${formatShare(shares[name] ?? 0)}`)
    .join(', ');

/**
 * drillCluster: does every service hold without this cluster? All that call it are moved off it in steps, at the same time,
 * and come back. Each is a topology rollout of its own, which is judged, and which comes back by itself.
 * Guarantees: it writes no share itself, and nothing of a drill is committed. Whatever becomes of this workflow, each rollout
 * goes back at its end; of one that is terminated the settler puts back what it had moved. As soon as one service does not
 * hold, or this is cancelled, all go back.
 * Timers: between two looks at the rollouts. Messages: query `status`; the result is its last answer, with the report.
 */
import {
  ApplicationFailure,
  CancellationScope,
  defineQuery,
  isCancellation,
  proxyActivities,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { DrilledService, DrillInput, DrillStatus } from '../../core/contract/drill.ts';
import { messageNames } from '../../core/contract/messages.ts';
import type { ListServicesResult } from '../../core/contract/settle-activities.ts';
import { present } from '../../core/values/json.ts';
import { WHOLE } from '../../core/values/share.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { toWorkflowFailure } from '../failures.ts';
import { installation } from '../installation.ts';
import { seenOf } from './drains.ts';
import { begin, goBack, isOver, lookAt, nothingBegun, type Drilling } from './drilling.ts';
import { loadBefore, reportOf } from './drill-report.ts';

const options = activityOptions(noPlan, installation());
const { listServices } = proxyActivities<RolloutActivities>({ ...options.listServices, summary: 'which services?' });
const { findNaming } = proxyActivities<RolloutActivities>({ ...options.findNaming, summary: 'who calls it?' });

const status = defineQuery<DrillStatus>(messageNames.status);

/** Between two looks at the rollouts, ms: at least, for each of them, and a part of the time so far: the history stays small. */
const LOOK_MS = { least: 2_000, each: 1_000 } as const;
const PART_OF_TIME = 50;

export async function drillCluster(input: DrillInput): Promise<DrillStatus> {
  const drills: Drilling[] = [];
  let now: DrillStatus = {
    ...{ mesh: '', cluster: input.cluster, share: input.share ?? WHOLE, reason: input.reason ?? '' },
    ...{ services: [], report: null },
  };
  const said = (): DrillStatus => ({ ...now, services: drills.map(toldOf) });
  setHandler(status, said);
  try {
    const startedAtMs = Date.now();
    const listed = await listServices(
      present({ mesh: input.mesh, namespace: input.namespace, service: input.service }),
    );
    now = { ...now, mesh: listed.mesh };
    drills.push(...(await callersOf(input, listed)));
    const before = await loadBefore(listed, drills);
    await play(drills, input);
    now = { ...now, report: await reportOf({ listed, drills, before, startedAtMs, cluster: input.cluster }) };
    return said();
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

const toldOf = ({ of, phase, text, run }: Drilling): DrilledService => ({
  ...{ service: `${of.service.namespace}/${of.service.service}`, phase, text },
  workflowId: run?.workflowId ?? '',
});

/** Until each of them is back. */
async function play(drills: readonly Drilling[], input: DrillInput): Promise<void> {
  try {
    await Promise.all(drills.map((one) => begin(one, input)));
    await follow(drills);
  } catch (error) {
    if (!isCancellation(error)) throw error;
    await CancellationScope.nonCancellable(async () => {
      await goBack(drills, 'the drill was cancelled');
      await follow(drills);
    });
    throw error;
  }
}

async function follow(drills: readonly Drilling[]): Promise<void> {
  const beganMs = Date.now();
  let isStopped = false;
  while (drills.some((one) => !isOver(one))) {
    await sleep(Math.max(LOOK_MS.least, LOOK_MS.each * drills.length, (Date.now() - beganMs) / PART_OF_TIME));
    await Promise.all(drills.filter((one) => !isOver(one)).map(lookAt));
    const [failed] = drills.filter(({ phase }) => phase === 'failed');
    if (failed === undefined || isStopped) continue;
    isStopped = true;
    await goBack(drills, `${failed.of.service.service} has not held: ${failed.text}`);
  }
}

/** Services whose calls go to the cluster. */
async function callersOf({ cluster, service }: DrillInput, listed: ListServicesResult): Promise<Drilling[]> {
  const names = listed.clusters.map(({ name }) => name);
  const refuse = (why: string): never => {
    throw ApplicationFailure.nonRetryable(why, 'Invalid');
  };
  if (!names.includes(cluster)) refuse(`mesh ${listed.mesh} has no cluster ${cluster}; it has ${names.join(', ')}`);
  if (service !== undefined && listed.services.length === 0) refuse(`mesh ${listed.mesh} has no service ${service}`);
  const services = listed.services.map((one) => one.service);
  const naming = await findNaming({ services, clusters: listed.clusters, name: cluster });
  return listed.services
    .filter((one) => {
      const { isCalled, unread } = seenOf(one.service, naming);
      return isCalled || unread !== '' || service !== undefined;
    })
    .map(nothingBegun);
}

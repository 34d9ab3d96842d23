/**
 * drainCluster: takes a cluster out of the traffic of every service that calls it, or brings it back as it was. Each service
 * is a topology rollout of its own: proven, judged and reversible; this workflow starts them, a few at a time.
 * Guarantees: it writes no share itself. A service that does not succeed holds up no other, and is named in the result.
 * Records remember the drain, so that it may be asked for again, by another run, after whatever has stopped this one.
 * Timers: between looks at a rollout, and until a start is tried again that another run was in the way of.
 * Messages: query `status`; the result is its last answer.
 */
import { ApplicationFailure, defineQuery, proxyActivities, setHandler } from '@temporalio/workflow';
import type { RolloutActivities } from '../core/contract/activities.ts';
import type { DrainedService, DrainInput, DrainStatus } from '../core/contract/drain.ts';
import { messageNames } from '../core/contract/messages.ts';
import type { ListServicesResult } from '../core/contract/settle-activities.ts';
import { present } from '../core/values/json.ts';
import { activityOptions, noPlan } from './activity-options.ts';
import { drainService, queued, restoreService, seenOf, type Draining } from './drain/drains.ts';
import { toWorkflowFailure } from './failures.ts';
import { installation } from './installation.ts';

const options = activityOptions(noPlan, installation());
const { listServices } = proxyActivities<RolloutActivities>({ ...options.listServices, summary: 'which services?' });
const { findNaming } = proxyActivities<RolloutActivities>({ ...options.findNaming, summary: 'who calls it?' });

const status = defineQuery<DrainStatus>(messageNames.status);

/** Services whose calls move at the same time: each takes capacity in the clusters that gain. */
const AT_ONCE = 4;

export async function drainCluster(input: DrainInput): Promise<DrainStatus> {
  const services: DrainedService[] = [];
  let mesh = '';
  const now = (): DrainStatus => ({
    ...{ mesh, cluster: input.cluster, does: input.does },
    services: services.map((one) => ({ ...one })),
  });
  setHandler(status, now);
  try {
    const listed = await listServices(
      present({ mesh: input.mesh, namespace: input.namespace, service: input.service }),
    );
    ({ mesh } = listed);
    const work = await namedIn(input, listed);
    services.push(...work.map(({ service }) => queued(service)));
    const todo = work.map((one, i) => ({
      ...one,
      say: (...[phase, text, workflowId = services[i]?.workflowId ?? '']: Parameters<Draining['say']>) => {
        services[i] = { ...queued(one.service), phase, text, workflowId };
      },
    }));
    await Promise.all(Array.from({ length: AT_ONCE }, () => oneByOne(todo, input.does)));
    return now();
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

async function oneByOne(todo: Draining[], does: DrainInput['does']): Promise<void> {
  for (let one = todo.shift(); one !== undefined; one = todo.shift())
    await (does === 'drain' ? drainService(one) : restoreService(one));
}

/** Services that have to do with the cluster, and those that a person names. */
async function namedIn(input: DrainInput, listed: ListServicesResult): Promise<Omit<Draining, 'say'>[]> {
  const { cluster, without = [], service } = input;
  const names = listed.clusters.map(({ name }) => name);
  if (!names.includes(cluster)) refuse(`mesh ${listed.mesh} has no cluster ${cluster}; it has ${names.join(', ')}`);
  const services = listed.services.map((one) => one.service);
  if (service !== undefined && services.length === 0) refuse(`mesh ${listed.mesh} has no service ${service}`);
  const clusters = listed.clusters.filter(({ name }) => !without.includes(name));
  const naming = await findNaming({ services, clusters, name: cluster });
  return services
    .map((one) => ({ input, clusters, service: one, ...seenOf(one, naming) }))
    .filter(
      (one) => service !== undefined || one.isCalled || one.isUnshared || one.drainedAtMs !== null || one.unread !== '',
    );
}

function refuse(why: string): never {
  throw ApplicationFailure.nonRetryable(why, 'Invalid');
}

/**
 * forgetCluster: a cluster that was given up will not come back: the word that it is absent goes out of the other records,
 * and what only its Envoys might still call may be retired.
 * Guarantees: it refuses while the cluster answers. It writes no record of a service that a run owns, and no share anywhere;
 * a word that somebody says anew meanwhile stays.
 * Timers: none. Messages: none; what was forgotten, and what is left, is the result.
 */
import { ApplicationFailure, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { ListServicesResult } from '../../core/contract/settle-activities.ts';
import type { NamingRecord } from '../../core/contract/settle-activities.ts';
import { installation } from '../installation.ts';
import { findOpenRun } from '../running-rollout.ts';
import type { ForgetInput, ForgetResult } from '../../core/contract/messages.ts';
import type { ClusterRef } from '../../core/kube/cluster-ref.ts';
import type { ServiceRef } from '../../core/routing/service-ref.ts';
import { present } from '../../core/values/json.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { describeFailure, toWorkflowFailure } from '../failures.ts';

const options = activityOptions(noPlan, installation());
const { listServices } = proxyActivities<RolloutActivities>({ ...options.listServices, summary: 'which services?' });
const { surveyService } = proxyActivities<RolloutActivities>({
  ...options.surveyService,
  summary: 'does the cluster answer after all?',
});
const { findNaming } = proxyActivities<RolloutActivities>({ ...options.findNaming, summary: 'which records name it?' });
const { findRun } = proxyActivities<RolloutActivities>({ ...options.findRun, summary: 'does a run own the service?' });
const { forgetAbsent } = proxyActivities<RolloutActivities>({ ...options.forgetAbsent, summary: 'forget it' });

export async function forgetCluster({ mesh, cluster }: ForgetInput): Promise<ForgetResult> {
  try {
    const listed = await listServices(present({ mesh }));
    const ref = listed.clusters.find(({ name }) => name === cluster);
    if (ref !== undefined) await assertSilent(ref, listed);
    const clusters = listed.clusters.filter(({ name }) => name !== cluster);
    const services = listed.services.map(({ service }) => service);
    const naming = await findNaming({ services, clusters, name: cluster });
    const ends = await Promise.all(naming.map((one) => forgetIn(one, { name: cluster, clusters })));
    const placesOf = (which: readonly NamingRecord[]): string[] => which.map(placeOf);
    return {
      ...{ mesh: listed.mesh, isNamed: ref !== undefined },
      forgotten: placesOf(naming.filter(({ absence }, i) => absence !== null && ends[i] === '')),
      inTopology: placesOf(naming.filter(({ inTopology }) => inTopology)),
      left: naming.flatMap((one, i) => (ends[i] === '' ? [] : [`${placeOf(one)}: ${ends[i] ?? ''}`])),
    };
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

const placeOf = ({ cluster, service }: NamingRecord): string => `${cluster}/${service.namespace}/${service.service}`;

async function assertSilent(ref: ClusterRef, { services }: ListServicesResult): Promise<void> {
  const [one] = services;
  if (one === undefined) return;
  const { clusters } = await surveyService({ service: one.service, clusters: [ref] });
  if (clusters.some(({ unreachable }) => unreachable !== '')) return;
  throw ApplicationFailure.nonRetryable(
    `${ref.name} answers: what is there can be settled, and nothing needs to be forgotten (tidegate audit; to take it out of the mesh, release its services first)`,
    'Conflict',
  );
}

interface Forgetting {
  readonly name: string;
  readonly clusters: readonly ClusterRef[];
}

/** '' = the record does not call it absent any more; else why it still may. */
async function forgetIn(
  { service, cluster: where, absence, unread }: NamingRecord,
  { name, clusters }: Forgetting,
): Promise<string> {
  if (unread !== '') return unread;
  const cluster = clusters.find((one) => one.name === where);
  if (absence === null || cluster === undefined) return '';
  try {
    if (await isOwned(service)) return 'a rollout owns it: again when that has ended';
    await forgetAbsent({ service, cluster, name, atMs: absence.atMs });
    return '';
  } catch (error) {
    if (isCancellation(error)) throw error;
    return describeFailure(error).message;
  }
}

const isOwned = async (service: ServiceRef): Promise<boolean> =>
  (await findOpenRun(findRun, { ...service, part: 'versions' })).runId !== '';

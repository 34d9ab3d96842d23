/**
 * pause: writes a person's word on the frontend Services that the settler, the audit and forward changes keep their hands
 * off, or takes it back. A rollout that runs is no concern of it: `rollout pause` holds that one.
 * Guarantees: every cluster is written by itself, and one that does not answer is named in the result. When a pause ends, an
 * audit looks at once at what was left meanwhile.
 * Timers: none. Messages: none; what was written is the result.
 */
import {
  ApplicationFailure,
  ChildWorkflowCancellationType,
  isCancellation,
  ParentClosePolicy,
  proxyActivities,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { ListServicesResult } from '../../core/contract/settle-activities.ts';
import { idScheme, installation } from '../installation.ts';
import type { PauseInput, PauseResult } from '../../core/contract/messages.ts';
import { taskQueue } from '../../core/contract/queues.ts';
import { auditWorkflowId } from '../../core/contract/workflow-ids.ts';
import { present } from '../../core/values/json.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { audit } from './audit.ts';
import { describeFailure, toWorkflowFailure } from '../failures.ts';

const options = activityOptions(noPlan, installation());
const { listServices } = proxyActivities<RolloutActivities>({ ...options.listServices, summary: 'which services?' });
const { markPaused } = proxyActivities<RolloutActivities>({ ...options.markPaused, summary: 'write it on frontends' });

export async function pause(input: PauseInput): Promise<PauseResult> {
  try {
    const { mesh, service, namespace, cluster } = input;
    const listed = await listServices(present({ mesh, service, namespace }));
    const refs = cluster === undefined ? listed.clusters : listed.clusters.filter(({ name }) => name === cluster);
    checkScope(input, listed);
    const word = input.pause === null ? null : { ...input.pause, atMs: Date.now() };
    const services = listed.services.map((one) => one.service);
    const of = cluster === undefined ? ('service' as const) : ('cluster' as const);
    const marked = await Promise.all(
      refs.map(async (ref): Promise<PauseResult['clusters'][number]> => {
        try {
          const changes = await markPaused({ services, cluster: ref, of, pause: word });
          const written = changes.filter(({ action }) => action !== 'skipped').length;
          return { cluster: ref.name, services: written, failed: '' };
        } catch (error) {
          if (isCancellation(error)) throw error;
          return { cluster: ref.name, services: 0, failed: describeFailure(error).message };
        }
      }),
    );
    if (word === null) await lookAgain(listed.mesh, input);
    return { mesh: listed.mesh, clusters: marked };
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

/** One service, or one cluster. */
function checkScope({ service, cluster }: PauseInput, listed: ListServicesResult): void {
  const refuse = (why: string): never => {
    throw ApplicationFailure.nonRetryable(why, 'Invalid');
  };
  if ((service === undefined) === (cluster === undefined)) refuse('name a service, or a cluster (--cluster), not both');
  const names = listed.clusters.map(({ name }) => name);
  if (cluster !== undefined && !names.includes(cluster))
    refuse(`mesh ${listed.mesh} has no cluster ${cluster}; it has ${names.join(', ')}`);
  if (service !== undefined && listed.services.length !== 1) {
    const places = listed.services.map((one) => one.service.namespace);
    refuse(
      places.length === 0
        ? `mesh ${listed.mesh} has no service ${service}`
        : `${service} is in several namespaces: ${places.join(', ')} (--namespace says which)`,
    );
  }
  if (listed.services.length === 0) refuse(`mesh ${listed.mesh} has no service: there is nothing to pause`);
}

async function lookAgain(mesh: string, { service, namespace }: PauseInput): Promise<void> {
  await startChild(audit, {
    workflowId: auditWorkflowId(idScheme({ installation: installation() }), mesh, `after-${workflowInfo().runId}`),
    args: [{ ...present({ mesh, service, namespace }), wakes: true as const }],
    taskQueue: taskQueue(installation(), 'control'),
    parentClosePolicy: ParentClosePolicy.ABANDON,
    cancellationType: ChildWorkflowCancellationType.ABANDON,
    staticSummary: 'what was left while it was paused?',
  });
}

/**
 * audit: one look at every service of a mesh; where something is to be done that no run owns, it starts the settler. A
 * schedule starts it every half hour, so that a settler that was terminated, a deleted run or a lost Temporal namespace
 * leaves nothing half moved for longer. What is paused is named, and no settler is started for it alone.
 * Runs that stand still (no worker on their build, or a failing workflow task) are an alert: a warning, and in the result.
 * Guarantees: it writes to no cluster. Clusters are read once per namespace and batch, not once per service.
 * Timers: none. Messages: none; what it found is its result.
 */
import { isCancellation, log, patched, proxyActivities } from '@temporalio/workflow';
import type { RolloutActivities } from '../../core/contract/activities.ts';
import type { ListedService, ListServicesResult } from '../../core/contract/settle-activities.ts';
import { installation } from '../installation.ts';
import type { AuditedService, AuditInput, AuditResult, KnownService } from '../../core/contract/messages.ts';
import { present } from '../../core/values/json.ts';
import { stuckText } from '../../core/view/stuck-text.ts';
import { activityOptions, noPlan } from '../activity-options.ts';
import { describeFailure, toWorkflowFailure } from '../failures.ts';
import { startSettler, wakeSettler } from '../settle/settlers.ts';

const options = activityOptions(noPlan, installation());
const { listServices } = proxyActivities<RolloutActivities>({
  ...options.listServices,
  summary: 'which services, which clusters?',
});
const { findUnsettled } = proxyActivities<RolloutActivities>({
  ...options.findUnsettled,
  summary: 'which services are not settled?',
});

const { findStuck } = proxyActivities<RolloutActivities>({ ...options.findStuck, summary: 'does a run stand still?' });

/** A standstill that is worth an alert: a worker that is replaced is back long before, ms. */
const STUCK_MS = 5 * 60_000;

/** Services that one activity looks at: its answer names the unsettled ones only. */
const BATCH = 100;

export async function audit({ mesh, service, namespace, wakes }: AuditInput): Promise<AuditResult> {
  try {
    const listed = await listServices(present({ mesh, service, namespace }));
    const unsettled: AuditedService[] = [];
    for (let from = 0; from < listed.services.length; from += BATCH)
      unsettled.push(...(await lookAt(listed, listed.services.slice(from, from + BATCH), wakes)));
    // An audit that was under way when this came does not ask.
    const runs = patched('stuck-runs') ? await stuckRuns(listed) : {};
    return { mesh: listed.mesh, services: listed.services.length, unsettled, ...runs };
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

async function lookAt(
  { clusters }: ListServicesResult,
  services: ListServicesResult['services'],
  wakes: AuditInput['wakes'],
): Promise<AuditedService[]> {
  const found = await findUnsettled({ services, clusters });
  return Promise.all(
    found.map(async ({ service, needs }) => {
      const listed = services.find(
        (one) => one.service.service === service.service && one.service.namespace === service.namespace,
      );
      // Nothing may be done: whoever ends the pause starts the settler.
      if (needs.every(({ kind }) => kind === 'paused')) return { service, needs, started: false };
      const known = listed === undefined ? null : knownOf(listed, clusters);
      const started = await startSettler({ service, known });
      if (!started && wakes === true) await wakeSettler(service);
      return { service, needs, started };
    }),
  );
}

async function stuckRuns({ services }: ListServicesResult): Promise<Pick<AuditResult, 'stuck' | 'stuckUnasked'>> {
  try {
    const stuck = await findStuck({ services: services.map(({ service }) => service), forMs: STUCK_MS });
    for (const run of stuck) log.warn(stuckText(run));
    return { stuck };
  } catch (error) {
    if (isCancellation(error)) throw error;
    const { message } = describeFailure(error);
    log.warn(`whether runs stand still could not be asked: ${message}`);
    return { stuckUnasked: message };
  }
}

const knownOf = (
  { warmMs, drainMs, drift, sinks }: ListedService,
  clusters: KnownService['clusters'],
): KnownService => ({
  ...{ clusters, warmMs, drainMs },
  ...present({ drift, sinks }),
});

/**
 * Runs the Jobs before the first share in one serving cluster, one after the other. A Job is made once per plan: a later
 * attempt, and a run that was reset, find the one that is there and wait for its end.
 */
import type { RunBeforeInput, RunBeforeResult } from '../../../core/contract/activities.ts';
import { kinds } from '../../../core/kube/kinds.ts';
import type { Manifest, PodTemplate, Service } from '../../../core/kube/objects.ts';
import { assertOwned } from '../../../core/kube/ownership.ts';
import type { Frontend } from '../../../core/routing/record.ts';
import { isOfVersion, type BeforeJob } from '../../../core/workload/before/before-job.ts';
import { desiredJob } from '../../../core/workload/before/desired-job.ts';
import type { Job } from '../../../core/workload/before/job-end.ts';
import { frontendOf } from '../../../core/workload/cluster-facts.ts';
import { routedBy } from '../../../core/workload/routed-port.ts';
import { applyObject } from '../../../platform/kube/apply-objects.ts';
import type { KubeDeps } from '../../ports.ts';
import { findRecord, type RecordAt } from '../../record-store.ts';
import { managedDeployment, ofVersion, readFrontend, readWorkloads } from '../workloads.ts';
import { waitForEnd } from './wait-for-end.ts';

export async function runBefore(deps: KubeDeps, input: RunBeforeInput): Promise<RunBeforeResult> {
  const at = { cluster: await deps.clusters.connect(input), service: input.service };
  const before = await readPlace(at);
  for (const [i, job] of input.jobs.entries()) {
    const live = await ensureJob(at, await wantedJob(at, before, { input, job }));
    const title = `Job ${job.name} (${String(i + 1)} of ${String(input.jobs.length)})`;
    await waitForEnd(deps, { at, job, live, title, version: input.version });
  }
  const by = deps.activity.runId();
  return { jobs: input.jobs.map(({ name }) => name), ...(by !== null && { by }) };
}

/** Each Job as it will be made, tried by a server that stores nothing. What runs in the version's own pod waits for that. */
export async function tryBefore(at: RecordAt, input: RunBeforeInput): Promise<void> {
  const before = await readPlace(at);
  for (const job of input.jobs.filter((one) => !isOfVersion(one)))
    await ensureJob(at, await wantedJob(at, before, { input, job }));
}

/** The frontend that the Jobs come before, and the part of it that they are told. */
interface Place {
  readonly live: Service;
  readonly frontend: Pick<Frontend, 'port' | 'selector'>;
}

async function readPlace(at: RecordAt): Promise<Place> {
  const live = await readFrontend(at);
  const { record } = await findRecord(at);
  const { port, selector } = frontendOf(live, routedBy(record, at.service));
  return { live, frontend: { port, selector } };
}

async function wantedJob(
  at: RecordAt,
  { live, frontend }: Place,
  { input, job }: { readonly input: RunBeforeInput; readonly job: BeforeJob },
): Promise<Manifest> {
  const { service, version, epoch, throughEnvoy } = input;
  const own = isOfVersion(job) ? await versionTemplate(at, live, version) : null;
  const place = { service, cluster: at.cluster.name, version, epoch, throughEnvoy, frontend };
  return desiredJob(job, place, own);
}

/** null: no Deployment has the version here. */
async function versionTemplate(at: RecordAt, frontend: Service, version: string): Promise<PodTemplate | null> {
  const made = await managedDeployment(at, version);
  return (made ?? ofVersion(at, await readWorkloads(at, frontend), version))?.spec.template ?? null;
}

/** Nothing of a Job's pods can be changed later: what is there is taken as it is. */
async function ensureJob({ cluster, service }: RecordAt, desired: Manifest): Promise<Job> {
  const { installation } = service;
  const live = await cluster.get<Job>(kinds.job, desired.metadata);
  if (live !== null) {
    assertOwned(live, { cluster: cluster.name, installation });
    return live;
  }
  return (await applyObject(cluster, desired, { installation, live: null, compare: 'digest' })).stored as Job;
}

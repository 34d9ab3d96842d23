/** Brings a version to as many ready pods as the one it replaces has in that cluster, exposed to nobody yet. */
import type { PrepareVersionInput, PrepareVersionResult } from '../../core/contract/activities.ts';
import { beatEveryMs } from '../../core/contract/timeouts.ts';
import { kinds } from '../../core/kube/kinds.ts';
import { annotations, labels } from '../../core/kube/labels.ts';
import type { Deployment, PodTemplate, Service } from '../../core/kube/objects.ts';
import { servingService } from '../../core/render/cilium-envoy/services.ts';
import { pinOf } from '../../core/routing/changes.ts';
import { deploymentName } from '../../core/routing/names.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { TidegateError, refuse } from '../../core/values/error.ts';
import { selects, frontendOf } from '../../core/workload/cluster-facts.ts';
import { isManagedVersion, versionOf } from '../../core/workload/managed.ts';
import { describeProgress, isReady } from '../../core/workload/version-deployment.ts';
import { templateDigest } from '../../core/workload/version-template.ts';
import { ensureObject } from '../../platform/kube/apply-objects.ts';
import type { KubeDeps } from '../ports.ts';
import { findRecord, type RecordAt } from '../record-store.ts';
import { holdAutoscaler } from './autoscalers.ts';
import { ensureBudget } from './disruption-budget.ts';
import { pinFrontend } from './frontend-pin.ts';
import { markOriginal } from './originals.ts';
import { markDue } from './warm-time.ts';
import { readTrouble } from './read-trouble.ts';
import { versionWrites } from './version-writes.ts';
import { readFrontend, readWorkloads } from './workloads.ts';

export async function prepareVersion(deps: KubeDeps, input: PrepareVersionInput): Promise<PrepareVersionResult> {
  const by = deps.activity.runId() ?? '';
  if (input.ranAs !== undefined && by !== input.ranAs) return { ...nothingMade, resetTo: by };
  const at = { cluster: await deps.clusters.connect(input), service: input.service };
  const made = await waitUntilReady(deps, { at, input, ...(await writeVersion(at, input)) });
  return by === '' ? made : { ...made, by };
}

const nothingMade: PrepareVersionResult = { deployment: '', replicas: 0, ready: 0, templateDigest: '' };

/** Everything that a version is made of in its cluster. */
export async function writeVersion(
  at: RecordAt,
  input: PrepareVersionInput,
): Promise<Pick<Waiting, 'name' | 'frontend' | 'selector'>> {
  const { record } = await findRecord(at);
  const frontend = await pinned(at, record);
  const { service, installation, namespace } = input.service;
  const subset = servingService({
    namespace,
    service,
    installation,
    version: input.version,
    cluster: input.cluster.name,
    frontend: frontendOf(frontend),
  });
  const name = input.workload === 'managed' ? await ensureDeployment(at, { frontend, record }, input) : null;
  await ensureObject(at.cluster, subset, { installation, compare: 'exact' });
  // An earlier run's clock must not end it; when it is without traffic again, its warm time begins again.
  if (input.existed === true) await markDue(at, input.version, 'anew');
  return { name, frontend, selector: (subset.spec as Service['spec']).selector ?? {} };
}

/** The name of the version's Deployment, made or raised to the replaced version's ready pods. */
async function ensureDeployment(
  at: RecordAt,
  { frontend, record }: { readonly frontend: Service; readonly record: RoutingRecord | null },
  input: PrepareVersionInput,
): Promise<string> {
  const { service, version } = input;
  const { selector } = frontendOf(frontend);
  const workloads = await readWorkloads(at, frontend);
  const running = workloads.filter(({ spec }) => spec.replicas !== 0).map(({ spec }) => podLabels(spec.template));
  const source = await readSource(at, input);
  const name = deploymentName(service.service, version);
  const live = await at.cluster.get<Deployment>(kinds.deployment, { namespace: service.namespace, name });
  const replaced = replacedBy(input, workloads, source);
  const ready = replaced?.status?.readyReplicas ?? 0;
  // A version without a ready pod says nothing of what the traffic needs, only of its own health.
  const needed = ready === 0 ? (replaced?.spec.replicas ?? 1) : ready;
  const replicas = Math.max(1, needed, live?.spec.replicas ?? 0);
  // Before the holds: nothing is held for a version that cannot be made.
  const { template, write } = await versionWrites(at, input, { source, live, frontend, record });
  if (input.marksOriginal === true) await markOriginal(at, source, version);
  if (replaced !== null) await holdAutoscaler(at, { deployment: replaced.metadata.name, replicas: ready, version });
  await write(replicas);
  await ensureBudget(at, { selector, labels: [podLabels(template), ...running] });
  return name;
}

const podLabels = ({ metadata }: PodTemplate): Readonly<Record<string, string>> => metadata?.labels ?? {};

/** A pin that somebody took off (a GitOps tool's apply) is put back before there are pods that it must keep callers from. */
async function pinned(at: RecordAt, record: RoutingRecord | null): Promise<Service> {
  const frontend = await readFrontend(at);
  const pin = pinOf(record);
  if (pin === '' || frontend.spec.selector?.[labels.version] === pin) return frontend;
  await pinFrontend(at, pin);
  return readFrontend(at);
}

async function readSource({ cluster, service }: RecordAt, { source }: PrepareVersionInput): Promise<Deployment> {
  const found = await cluster.get<Deployment>(kinds.deployment, {
    namespace: service.namespace,
    name: source.deployment,
  });
  if (found !== null) return found;
  refuse(
    'Invalid',
    `${cluster.name}/${service.namespace}/Deployment/${source.deployment} does not exist: nothing to make the version from`,
    'start again, so that the plan sees the Deployments of today',
  );
}

/** At adoption the original Deployment; else the replaced version's, ours before one that carries the same label. */
function replacedBy(
  input: PrepareVersionInput,
  workloads: readonly Deployment[],
  source: Deployment,
): Deployment | null {
  const { replaces, service } = input;
  if (replaces === '') return source;
  const candidates = workloads.filter((one) => versionOf(one) === replaces);
  return candidates.find((one) => isManagedVersion(one, service, replaces)) ?? candidates[0] ?? null;
}

interface Waiting {
  readonly at: RecordAt;
  readonly input: PrepareVersionInput;
  /** null: somebody else makes it, and it is found by its pods' labels. */
  readonly name: string | null;
  readonly frontend: Service;
  readonly selector: Readonly<Record<string, string>>;
}

/** Between two looks at a Deployment that gets ready, ms. */
const LOOK_MS = 1_000;

async function waitUntilReady(deps: KubeDeps, waiting: Waiting): Promise<PrepareVersionResult> {
  const { clock, activity } = deps;
  const { input } = waiting;
  const until = activity.scheduledAtMs() + input.progressDeadlineMs;
  let said = { progress: '', atMs: 0 };
  for (;;) {
    const found = await findDeployment(waiting);
    if (found !== null && isReady(found)) return readyResult(found);
    const trouble = found === null ? null : await readTrouble(waiting.at, found, clock.nowMs());
    const state = found === null ? missing(waiting) : describeProgress(found);
    const progress = trouble === null ? state : `${state}; ${trouble.text}`;
    // News at once; each beat is billed.
    if (progress !== said.progress || clock.nowMs() - said.atMs >= beatEveryMs('prepareVersion')) {
      activity.heartbeat({ cluster: input.cluster.name, version: input.version, progress });
      said = { progress, atMs: clock.nowMs() };
    }
    if (trouble?.isFinal === true) throw neverReady(waiting, progress);
    if (clock.nowMs() >= until) throw tooLate(waiting, found, progress);
    await clock.sleep(LOOK_MS, activity.signal());
  }
}

async function findDeployment({ at, name, frontend, selector }: Waiting): Promise<Deployment | null> {
  if (name !== null) return at.cluster.get<Deployment>(kinds.deployment, { namespace: at.service.namespace, name });
  const workloads = await readWorkloads(at, frontend);
  return workloads.find(({ spec }) => selects(selector, spec.template.metadata?.labels)) ?? null;
}

function readyResult({ metadata, spec, status }: Deployment): PrepareVersionResult {
  return {
    deployment: metadata.name,
    replicas: spec.replicas ?? 1,
    ready: status?.readyReplicas ?? 0,
    templateDigest: metadata.annotations?.[annotations.templateDigest] ?? templateDigest(spec.template),
  };
}

const missing = ({ name, selector }: Waiting): string =>
  name === null
    ? `no Deployment has pods with ${Object.entries(selector)
        .map(([key, value]) => `${key}=${value}`)
        .join(',')}`
    : 'the Deployment was deleted';

/** Waiting longer would change nothing. */
function neverReady({ at, input }: Waiting, progress: string): TidegateError {
  return new TidegateError(
    'Invalid',
    `${at.cluster.name}/${input.service.namespace}: ${input.service.service} ${input.version} does not get ready: ${progress}`,
    { fix: 'mend what the pod says, then start again. No traffic was moved to it' },
  );
}

function tooLate({ at, input, name }: Waiting, found: Deployment | null, progress: string): TidegateError {
  const object = found?.metadata.name ?? name ?? `${input.service.service} ${input.version}`;
  const seconds = String(Math.round(input.progressDeadlineMs / 1000));
  return new TidegateError(
    'DeadlineExceeded',
    `${at.cluster.name}/${input.service.namespace}/Deployment/${object}: ${progress}, after ${seconds} s`,
    {
      fix: 'see the pods (kubectl describe): image, probes, capacity; or raise rollout.progressDeadline. No traffic was moved to it',
    },
  );
}

/** Brings a version to the ready pods that the traffic of the one it replaces needs there, exposed to nobody yet. */
import type { PrepareVersionInput, PrepareVersionResult } from '../../core/contract/activities.ts';
import { annotations } from '../../core/kube/labels.ts';
import type { Deployment, PodTemplate, Service } from '../../core/kube/objects.ts';
import { servingService } from '../../core/render/cilium-envoy/services.ts';
import { pinOf } from '../../core/routing/changes.ts';
import { deploymentName } from '../../core/routing/names.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { refuse } from '../../core/values/error.ts';
import { WHOLE } from '../../core/values/share.ts';
import { podsFor, sizeOf, type ForShare } from '../../core/workload/capacity/need.ts';
import type { AskedPods } from '../../core/workload/capacity/quota.ts';
import { selects, frontendOf, frontendSelector, pinnedTo } from '../../core/workload/cluster-facts.ts';
import { routedBy } from '../../core/workload/routed-port.ts';
import { templateDigest } from '../../core/workload/version-template.ts';
import { ensureObject } from '../../platform/kube/apply-objects.ts';
import type { KubeDeps } from '../ports.ts';
import { findRecord, type RecordAt } from '../record-store.ts';
import { holdEntering, holdScaler, readAutoscaling } from './capacity/autoscalers.ts';
import { untilReady } from './capacity/until-ready.ts';
import { ensureBudget } from './disruption-budget.ts';
import { pinTo } from './pins/frontend-pin.ts';
import { assertSiblingsAnswered, pinSiblings } from './pins/sibling-pins.ts';
import { markOriginal } from './originals.ts';
import { markDue } from './warm-time.ts';
import { versionWrites } from './version-writes.ts';
import { deploymentNamed, ofVersion, readFrontend, readWorkloads } from './workloads.ts';

export async function prepareVersion(deps: KubeDeps, input: PrepareVersionInput): Promise<PrepareVersionResult> {
  const by = deps.activity.runId() ?? '';
  if (input.ranAs !== undefined && by !== input.ranAs) return { ...nothingMade, resetTo: by };
  const at = { cluster: await deps.clusters.connect(input), service: input.service };
  const { name, frontend, selector, pods } = await writeVersion(at, input);
  const found = await untilReady(deps, {
    at,
    of: 'prepareVersion',
    version: input.version,
    pods,
    progressDeadlineMs: input.progressDeadlineMs,
    find: () => (name === null ? externalVersion(at, { frontend, selector }) : deploymentNamed(at, name)),
    missing: name === null ? `no Deployment has pods with ${labelsText(selector)}` : 'the Deployment was deleted',
    isOurs: name !== null,
    otherwise: 'No traffic was moved to it',
  });
  if (name === null && input.existed !== true)
    await assertSiblingsAnswered(at, { frontend, version: input.version, pod: podLabels(found.spec.template) });
  return by === '' ? readyResult(found) : { ...readyResult(found), by };
}

const nothingMade: PrepareVersionResult = { deployment: '', replicas: 0, ready: 0, templateDigest: '' };

export interface WrittenVersion {
  /** Of its Deployment; null: somebody else makes it, and it is found by its pods' labels. */
  readonly name: string | null;
  readonly frontend: Service;
  /** Of its pods. */
  readonly selector: Readonly<Record<string, string>>;
  /** Ready pods that it must have before its first share. */
  readonly pods: number;
  /** What is still to be made for all traffic; null: somebody else makes it. */
  readonly asks: AskedPods | null;
}

/** Everything that a version is made of in its cluster. */
export async function writeVersion(at: RecordAt, input: PrepareVersionInput): Promise<WrittenVersion> {
  const { record } = await findRecord(at);
  const frontend = await pinned(at, record);
  const { service, installation, namespace } = input.service;
  const subset = servingService({
    namespace,
    service,
    installation,
    version: input.version,
    cluster: input.cluster.name,
    frontend: frontendOf(frontend, routedBy(record, input.service)),
  });
  const made = await (input.workload === 'managed' ? ensureDeployment : othersDeployment)(at, {
    frontend,
    record,
    input,
  });
  await ensureObject(at.cluster, subset, { installation, compare: 'exact' });
  // An earlier run's clock must not end it; when it is without traffic again, its warm time begins again.
  if (input.existed === true) await markDue(at, input.version, 'anew');
  return { ...made, frontend, selector: (subset.spec as Service['spec']).selector ?? {} };
}

interface Making {
  readonly frontend: Service;
  readonly record: RoutingRecord | null;
  readonly input: PrepareVersionInput;
}

type Made = Pick<WrittenVersion, 'name' | 'pods' | 'asks'>;

/** All traffic, for those who do not say. */
const wholeShare: ForShare = { mode: 'full', share: WHOLE };

/** Capacity of what somebody else makes is checked, and never held. */
async function othersDeployment(at: RecordAt, { frontend, input }: Making): Promise<Made> {
  const workloads = await readWorkloads(at, frontend);
  const source = workloads.find(({ metadata }) => metadata.name === input.source.deployment) ?? null;
  // At adoption the original.
  const replaced = input.replaces === '' ? source : ofVersion(at, workloads, input.replaces);
  // Nobody knows what the traffic needs: one pod is there to be asked.
  const whole = replaced === null ? 1 : sizeOf(replaced);
  return { name: null, pods: podsFor(whole, input.forShare ?? wholeShare), asks: null };
}

/** The version's Deployment, made or raised to the pods that the replaced version's traffic needs. */
async function ensureDeployment(at: RecordAt, { frontend, record, input }: Making): Promise<Made> {
  const { service, version } = input;
  const selector = frontendSelector(frontend);
  const workloads = await readWorkloads(at, frontend);
  const running = workloads.filter(({ spec }) => spec.replicas !== 0).map(({ spec }) => podLabels(spec.template));
  const source = await readSource(at, input);
  const name = deploymentName(service.service, version);
  const live = await deploymentNamed(at, name);
  // At adoption the original.
  const replaced = input.replaces === '' ? source : ofVersion(at, workloads, input.replaces);
  // Before the holds: nothing is held for a version that cannot be made.
  const { template, write } = await versionWrites(at, input, { source, live, frontend, record });
  const isNew = input.source.image !== undefined || input.source.podTemplate !== undefined;
  // A version that was proven once is gone back to all the same.
  if (isNew) await assertSiblingsAnswered(at, { frontend, version, pod: podLabels(template) });
  if (input.marksOriginal === true) await markOriginal(at, source, version);
  const { pods, whole } = await holdBoth(at, { input, replaced, live });
  await write(Math.max(pods, live?.spec.replicas ?? 0));
  await ensureBudget(at, { selector, labels: [podLabels(template), ...running] });
  const asks = { pods: Math.max(whole, live?.spec.replicas ?? 0) - (live?.status?.replicas ?? 0), template };
  return { name, pods, asks };
}

interface Both {
  readonly input: PrepareVersionInput;
  readonly replaced: Deployment | null;
  readonly live: Deployment | null;
}

/**
 * Both versions' autoscalers are held before there is a pod more or less: the replaced one's at all that it carries, the
 * version's own at what its first share needs. Its own maximum is its owner's word, and no more is waited for.
 */
async function holdBoth(at: RecordAt, { input, replaced, live }: Both): Promise<{ pods: number; whole: number }> {
  const { version, service } = input;
  const { scalers } = await readAutoscaling(at);
  const whole = Math.max(1, sizeOf(replaced));
  const ofReplaced = scalers.find((one) => one.deployment === replaced?.metadata.name);
  const deployment = deploymentName(service.service, version);
  const most = (scalers.find((one) => one.deployment === deployment) ?? ofReplaced)?.max ?? Infinity;
  const pods = Math.max(1, Math.min(podsFor(whole, input.forShare ?? wholeShare), most));
  const level = replaced?.status?.readyReplicas ?? 0;
  if (ofReplaced !== undefined && ofReplaced.deployment !== deployment)
    await holdScaler(at, ofReplaced, { level, version });
  const entering = { version, deployment, replaced: replaced?.metadata.name ?? null };
  await holdEntering(at, scalers, { ...entering, level: Math.max(pods, live?.status?.readyReplicas ?? 0) });
  return { pods, whole };
}

const podLabels = ({ metadata }: PodTemplate): Readonly<Record<string, string>> => metadata?.labels ?? {};

/** A pin that somebody took off (a GitOps tool's apply), and that of a new sibling, is put on before there are pods that it must keep callers from. */
async function pinned(at: RecordAt, record: RoutingRecord | null): Promise<Service> {
  const frontend = await readFrontend(at);
  const pin = pinOf(record);
  if (pin === '') return frontend;
  await pinSiblings(at, { frontend, version: pin });
  if (pinnedTo(frontend) === pin) return frontend;
  await pinTo(at, frontend, pin);
  return readFrontend(at);
}

async function readSource(at: RecordAt, { source }: PrepareVersionInput): Promise<Deployment> {
  const found = await deploymentNamed(at, source.deployment);
  if (found !== null) return found;
  const { cluster, service } = at;
  refuse(
    'Invalid',
    `${cluster.name}/${service.namespace}/Deployment/${source.deployment} does not exist: nothing to make the version from`,
    'start again, so that the plan sees the Deployments of today',
  );
}

/** What somebody else makes is found by its pods' labels. */
async function externalVersion(
  at: RecordAt,
  { frontend, selector }: Pick<WrittenVersion, 'frontend' | 'selector'>,
): Promise<Deployment | null> {
  const workloads = await readWorkloads(at, frontend);
  return workloads.find(({ spec }) => selects(selector, spec.template.metadata?.labels)) ?? null;
}

const labelsText = (selector: WrittenVersion['selector']): string =>
  Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

function readyResult({ metadata, spec, status }: Deployment): PrepareVersionResult {
  return {
    deployment: metadata.name,
    replicas: spec.replicas ?? 1,
    ready: status?.readyReplicas ?? 0,
    templateDigest: metadata.annotations?.[annotations.templateDigest] ?? templateDigest(spec.template),
  };
}

/**
 * Takes a version out, in the order in which nothing is lost: no traffic anywhere, a drain, out of the records and
 * routes, its Services, its pods. Level-based: it looks again after every wait, and leaves a version alone that serves.
 */
import type { RetireVersionInput } from '../../core/contract/activities.ts';
import { kinds } from '../../core/kube/kinds.ts';
import { annotations, labels } from '../../core/kube/labels.ts';
import type { ObjectChange } from '../../core/kube/object-change.ts';
import type { Deployment, Service } from '../../core/kube/objects.ts';
import { mentions, serves, withoutVersion } from '../../core/routing/changes.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { pinnedTo } from '../../core/workload/cluster-facts.ts';
import { removeObject } from '../../platform/kube/apply-objects.ts';
import { drain, type KubeDeps } from '../ports.ts';
import { findRecord, subsetServices, updateRecord, type RecordAt } from '../record-store.ts';
import { releaseAutoscalers, removeAutoscaler } from './capacity/autoscalers.ts';
import { removeBudget } from './disruption-budget.ts';
import { unmarkOriginals } from './originals.ts';
import { findFrontend, managedDeployment } from './workloads.ts';

export async function retireVersion(deps: KubeDeps, input: RetireVersionInput): Promise<readonly ObjectChange[]> {
  const { service } = input;
  const all = await Promise.all(
    input.clusters.map(async (cluster): Promise<RecordAt> => ({
      cluster: await deps.clusters.connect({ service, cluster }),
      service,
    })),
  );
  const serving = (record: RoutingRecord): boolean => serves(record, input.version);
  if (input.original !== undefined) return retireOriginal(deps, all, { ...input, original: input.original });
  if (await anywhere(all, serving)) return skipped(input);
  await drain(deps, { ms: input.drainMs, of: 'retireVersion' });
  // It may have been chosen again meanwhile.
  if (await anywhere(all, serving)) return skipped(input);
  const routes = (await Promise.all(all.map((at) => leaveRecord(at, input.version)))).flat();
  // An attempt that was given up, and had only been slow, ends here; so does one that somebody has overtaken.
  deps.activity.heartbeat({ removing: input.version });
  deps.activity.signal().throwIfAborted();
  const pods = await Promise.all(all.map((at) => managedDeployment(at, input.version)));
  // Every record has let go of it: one that names it again has chosen it meanwhile.
  if (await anywhere(all, (record) => mentions(record, input.version))) return [...routes, ...skipped(input)];
  const rest = await Promise.all(all.map((at, i) => removeVersion(at, input, pods[i] ?? null)));
  return [...routes, ...rest.flat()];
}

const skipped = ({ service, version }: RetireVersionInput): readonly ObjectChange[] => [
  { object: `version/${service.service} ${version}`, action: 'skipped', before: '', after: '' },
];

/** Every cluster must answer: one that is not seen may still send to it. */
async function anywhere(all: readonly RecordAt[], holds: (record: RoutingRecord) => boolean): Promise<boolean> {
  const found = await Promise.all(all.map((at) => findRecord(at)));
  return found.some(({ record }) => record !== null && holds(record));
}

async function leaveRecord(at: RecordAt, version: string): Promise<readonly ObjectChange[]> {
  const { route, record, redirected } = await findRecord(at);
  if (route === null) return [];
  const gone = record === null || (record.versions.proven === null && record.versions.current === null);
  // An adoption that was taken back: its connections have drained, so the whole object goes.
  if (gone && !redirected) {
    return [
      await removeObject(at.cluster, route, { installation: at.service.installation, unchanged: true }),
      ...(await removeBudget(at)),
    ];
  }
  const written = await updateRecord(at, (found) =>
    found.record === null || serves(found.record, version) || !mentions(found.record, version)
      ? null
      : { record: withoutVersion(found.record, version), redirect: found.redirected },
  );
  return written?.changes ?? [];
}

async function removeVersion(
  at: RecordAt,
  { version, keptIn = [] }: RetireVersionInput,
  deployment: Deployment | null,
): Promise<readonly ObjectChange[]> {
  const { installation } = at.service;
  // Calls without a route (after a release, or with the route lost) are answered by the pinned version alone, and no
  // record says so. It keeps its own Service: who pins it anew asks that for ready pods.
  const kept = keptIn.includes(at.cluster.name) || (await pinOn(at)) === version;
  const isOwn = ({ metadata }: Service): boolean => metadata.labels?.[labels.cluster] === at.cluster.name;
  const services = (await subsetServices(at, version)).filter((one) => !(kept && isOwn(one)));
  const removed = await Promise.all(services.map((one) => removeObject(at.cluster, one, { installation })));
  const released = await releaseAutoscalers(at, version);
  if (deployment === null || kept) return [...removed, ...released];
  const autoscaler = await removeAutoscaler(at, deployment.metadata.name);
  const gone = await removeObject(at.cluster, deployment, { installation });
  return [...removed, ...released, ...autoscaler, gone];
}

type RetireOriginal = RetireVersionInput & { readonly original: string };

/** The Deployment that ran before adoption stays as an object, with no pods: it is the user's, and a way back by hand. */
async function retireOriginal(
  deps: KubeDeps,
  all: readonly RecordAt[],
  input: RetireOriginal,
): Promise<readonly ObjectChange[]> {
  await drain(deps, { ms: input.drainMs, of: 'retireVersion' });
  return (await Promise.all(all.map((at) => scaleOriginal(at, input)))).flat();
}

async function scaleOriginal(at: RecordAt, { original, version }: RetireOriginal): Promise<readonly ObjectChange[]> {
  const object = `Deployment/${original}`;
  const { namespace } = at.service;
  const found = await at.cluster.get<Deployment>(kinds.deployment, { namespace, name: original });
  if (found === null) return [];
  const replicas = found.spec.replicas ?? 1;
  // Killed between the two writes: the autoscaler is still to be given back.
  if (replicas === 0) {
    const released = await releaseAutoscalers(at, version);
    return [
      { object, action: 'unchanged', before: '', after: '' },
      ...released,
      ...(await unmarkOriginals(at, version)),
    ];
  }
  // Only a commit pins: before it, the original is what clients get. A later version may be proven by now.
  const pinned = await pinOn(at);
  const successor = pinned === '' ? null : await managedDeployment(at, pinned);
  const replaced = (successor?.status?.readyReplicas ?? 0) > 0;
  if (!replaced) return [{ object, action: 'skipped', before: '', after: '' }];
  const held = JSON.stringify({ replicas, for: version, service: at.service.service });
  const patch = {
    metadata: {
      resourceVersion: found.metadata.resourceVersion,
      annotations: { [annotations.held]: held, [annotations.original]: null },
    },
    spec: { replicas: 0 },
  };
  await at.cluster.patch(kinds.deployment, { namespace, name: original }, patch);
  // An autoscaler leaves a Deployment with 0 replicas alone.
  const released = await releaseAutoscalers(at, version);
  return [{ object, action: 'configured', before: `replicas ${String(replicas)}`, after: 'replicas 0' }, ...released];
}

/** Version that callers past Envoy get; '' for none, or without a frontend. */
async function pinOn(at: RecordAt): Promise<string> {
  const frontend = await findFrontend(at);
  return frontend === null ? '' : pinnedTo(frontend);
}

/**
 * Gives a service back to Cilium in one client cluster: pinned to the proven version, past Envoy, drained, then without
 * our objects. The version's Deployment and the pin stay: they are what serves; its siblings get their selectors back. Each repetition goes on where it ended.
 */
import type { ReleaseInput } from '../../core/contract/activities.ts';
import { globalOf } from '../../core/kube/cilium-annotations.ts';
import { annotations } from '../../core/kube/labels.ts';
import type { ObjectChange } from '../../core/kube/object-change.ts';
import { assertEpoch, pinOf, taken } from '../../core/routing/changes.ts';
import { refuse } from '../../core/values/error.ts';
import { removeObject } from '../../platform/kube/apply-objects.ts';
import { claim } from '../claim.ts';
import { drain, type KubeDeps } from '../ports.ts';
import { findRecord, subsetServices, updateRecord, type RecordAt } from '../record-store.ts';
import { removeBudget } from './disruption-budget.ts';
import { assertReady, pinFrontend } from './pins/frontend-pin.ts';
import { giveBackSiblings } from './pins/sibling-pins.ts';
import { readFrontend, readyEndpoints } from './workloads.ts';

export async function releaseService(deps: KubeDeps, input: ReleaseInput): Promise<readonly ObjectChange[]> {
  const at = { cluster: await deps.clusters.connect(input), service: input.service };
  return input.step === 'route' ? releaseRoute(deps, at, input) : removeServices(at);
}

async function releaseRoute(deps: KubeDeps, at: RecordAt, input: ReleaseInput): Promise<readonly ObjectChange[]> {
  const pinned = await pinToProven(at);
  const written = await updateRecord(at, async ({ record }) => {
    if (record === null) return null;
    const by = await claim(deps.activity, record, { input, over: 'anyFormerRun', part: 'versions' });
    return { record: taken(record, by), redirect: false };
  });
  if (written !== null) await drain(deps, { ms: input.drainMs, of: 'releaseService' });
  return [...pinned, ...(written?.changes ?? []), ...(await removeRoute(deps, at, input))];
}

async function pinToProven(at: RecordAt): Promise<readonly ObjectChange[]> {
  const { record } = await findRecord(at);
  if (record === null) return [];
  const version = pinOf(record);
  // Others answer this cluster's calls: there are no pods of the version to pin to.
  if (version === '') {
    await assertAnswered(at);
    return [];
  }
  await assertReady(at, version);
  return pinFrontend(at, version);
}

/** Without the route, calls go where Cilium sends them by itself: there must be somebody. */
async function assertAnswered(at: RecordAt): Promise<void> {
  const { namespace, service } = at.service;
  const { metadata } = await readFrontend(at);
  if (globalOf(metadata)) return;
  if ((await readyEndpoints(at.cluster, namespace, service)) > 0) return;
  refuse(
    'Invalid',
    `${at.cluster.name}/${namespace}/Service/${service}: no ready endpoint in this cluster, so its calls would have nobody to answer them without the route`,
    `run the service there, or make its Service global (${annotations.global}: "true"), then release again`,
  );
}

async function removeRoute(
  { activity }: KubeDeps,
  at: RecordAt,
  input: ReleaseInput,
): Promise<readonly ObjectChange[]> {
  const { installation } = at.service;
  const { route, record } = await findRecord(at);
  if (record !== null)
    assertEpoch(record, 'versions', await claim(activity, record, { input, over: 'anyFormerRun', part: 'versions' }));
  if (route === null) return [];
  return [await removeObject(at.cluster, route, { installation, unchanged: true })];
}

async function removeServices(at: RecordAt): Promise<readonly ObjectChange[]> {
  const { installation } = at.service;
  const services = await subsetServices(at);
  const removed = await Promise.all(services.map((one) => removeObject(at.cluster, one, { installation })));
  return [...removed, ...(await removeBudget(at)), ...(await giveBackSiblings(at))];
}

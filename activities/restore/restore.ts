/**
 * The way back in one client cluster, from its own record alone: no readiness, no other cluster, no config is asked.
 * Repeating it is harmless, and a run that a newer one has overtaken is refused.
 */
import type { RestoreInput, RestoreResult } from '../../core/contract/activities.ts';
import { kinds } from '../../core/kube/kinds.ts';
import type { Deployment } from '../../core/kube/objects.ts';
import type { ObjectChange } from '../../core/kube/object-change.ts';
import type { DesiredRecord } from '../../core/render/checked.ts';
import { withAbsent } from '../../core/routing/absence.ts';
import { assertEpoch, restored } from '../../core/routing/changes.ts';
import { pinBack } from '../../core/routing/pin-back.ts';
import { partOf } from '../../core/routing/part.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { TidegateError } from '../../core/values/error.ts';
import { pinnedTo } from '../../core/workload/cluster-facts.ts';
import { assertMade, unbuilt, versionsOf } from '../../core/workload/unmade.ts';
import { claim } from '../claim.ts';
import { pinTo } from '../apply/pins/frontend-pin.ts';
import { pinSiblingsBack } from '../apply/pins/sibling-pins.ts';
import { findFrontend } from '../apply/workloads.ts';
import type { KubeDeps } from '../ports.ts';
import { statWeights, updateRecord, type FoundRecord, type RecordAt } from '../record-store.ts';

export async function restore({ clusters, clock, activity }: KubeDeps, input: RestoreInput): Promise<RestoreResult> {
  const cluster = await clusters.connect(input);
  const at = { cluster, service: input.service };
  let isLost = false;
  const written = await updateRecord(at, async (found) => {
    isLost = found.record === null;
    const by = await claim(activity, found.record, { input, over: 'anyFormerRun', part: partOf(input) });
    const wanted = wantedBack(found, by);
    if (wanted !== null) await assertKnown(at, wanted.record);
    return wanted;
  });
  const pins =
    written !== null ? await putPinBack(at, written.record, input) : isLost ? await pinBackAlone(at, input) : [];
  const proven = written?.record.versions.proven ?? null;
  // Nothing proven, or no record at all: calls go past Envoy, so there is nothing that Envoy's counts could prove.
  const weights = written === null || proven === null ? {} : statWeights(written.record);
  const withdrawn = Object.keys(weights).filter((name) => weights[name] === 0);
  const by = activity.runId();
  const end = { cluster: cluster.name, writtenAtMs: clock.nowMs(), ...(by !== null && { by }) };
  return { ...end, changes: [...(written?.changes ?? []), ...pins], weights, withdrawn };
}

/**
 * A version that nobody made would answer nobody. Asks the cluster only for what its record does not tell (an older
 * one, or Deployments of somebody else's), and goes without where it does not say: a way back waits for no list.
 */
async function assertKnown({ cluster, service }: RecordAt, record: RoutingRecord): Promise<void> {
  if (unbuilt(record).length === 0) return;
  const deployments = await cluster.list<Deployment>(kinds.deployment, service.namespace).catch((error: unknown) => {
    if (error instanceof TidegateError) return null;
    throw error;
  });
  if (deployments !== null) assertMade(record, versionsOf(record, deployments));
}

/**
 * A run that moved pins wave by wave has let callers past Envoy try its version: they go back with the weights. Without a
 * frontend there is only its siblings to pin, and the way back does not wait for one.
 */
async function putPinBack(at: RecordAt, record: RoutingRecord, input: RestoreInput): Promise<readonly ObjectChange[]> {
  const { serving } = input;
  if (partOf(input) !== 'versions' || (serving.length > 0 && !serving.includes(at.cluster.name))) return [];
  const frontend = await findFrontend(at);
  const version = frontend === null ? '' : pinBack(record, pinnedTo(frontend));
  const back = frontend === null || version === '' ? [] : [await pinTo(at, frontend, version)];
  return [...back, ...(await pinSiblingsBack(at, record))];
}

/** The route was deleted, and the record with it: all callers get what the frontend is pinned to, which the run had moved. */
async function pinBackAlone(at: RecordAt, { pinBack: back, ...input }: RestoreInput): Promise<readonly ObjectChange[]> {
  if (back === undefined || partOf(input) !== 'versions') return [];
  const frontend = await findFrontend(at);
  return frontend === null || pinnedTo(frontend) !== back.from ? [] : [await pinTo(at, frontend, back.to)];
}

function wantedBack({ record, redirected }: FoundRecord, input: RestoreInput): DesiredRecord | null {
  if (record === null) return null;
  assertEpoch(record, partOf(input), input);
  const { proven, current } = record.versions;
  // Taken back already; rendering it anew would take the routes from connections that still drain.
  if (proven === null && current === null && !redirected) return null;
  const back = withAbsent(restored(record, input), input.absent, input.part);
  // Whether calls go through Envoy is the versions' to say: an adoption may be under way, or just be taken back.
  if (partOf(input) !== 'versions') return { record: back, redirect: redirected, routeAnyway: true };
  if (back.versions.proven !== null) return { record: back, redirect: true, routeAnyway: true };
  // An adoption is taken back: the redirect goes, but connections that Envoy holds keep their routes and pods until
  // retireVersion has let them drain.
  return { record: back, redirect: false, routeAnyway: true, ...(current === null ? {} : { routesOf: record }) };
}

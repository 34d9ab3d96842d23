/** What the settler writes itself: no share and no epoch, so that it can never disturb a run. */
import type {
  FreeAutoscalersInput,
  KeepWarmInput,
  MendFrontendInput,
  PinVersionInput,
} from '../../../core/contract/settle-activities.ts';
import { annotations, FIELD_MANAGER, labels } from '../../../core/kube/labels.ts';
import type { ObjectChange } from '../../../core/kube/object-change.ts';
import { fieldManager } from '../../../core/kube/ownership.ts';
import type { Service } from '../../../core/kube/objects.ts';
import { driftsOf, type Drift } from '../../../core/rollout/drift.ts';
import { pinOf } from '../../../core/routing/changes.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { frontendOf, frontendSelector, pinnedTo } from '../../../core/workload/cluster-facts.ts';
import { askedFor } from '../../../core/workload/edited-route.ts';
import { routedBy, routedPort } from '../../../core/workload/routed-port.ts';
import { fightOver, repairsOf, withRepair, type Repair } from '../../../core/workload/frontend/fights.ts';
import type { KubeDeps } from '../../ports.ts';
import { findRecord, subsetServices, updateRecord, type RecordAt } from '../../record-store.ts';
import { adoptAutoscaler, readAutoscaling, releaseHeld, releaseOwn } from '../capacity/autoscalers.ts';
import { assertReady } from '../pins/frontend-pin.ts';
import { patchService, type ServicePatch } from '../pins/service-patch.ts';
import { giveBackSiblings, pinSiblings } from '../pins/sibling-pins.ts';
import { unmarkOriginals } from '../originals.ts';
import { surveyService } from './survey.ts';
import { markDue } from '../warm-time.ts';
import { findFrontend, readFrontend } from '../workloads.ts';

export async function freeAutoscalers(
  { clusters }: KubeDeps,
  { service, cluster, version, autoscaler = '' }: FreeAutoscalersInput,
): Promise<readonly ObjectChange[]> {
  const at = { cluster: await clusters.connect({ service, cluster }), service };
  const { scalers } = await readAutoscaling(at);
  const own = await releaseOwn(at, scalers, { version, autoscaler });
  if (own !== null) return own;
  return [...(await releaseHeld(at, scalers, version)), ...(await unmarkOriginals(at, version))];
}

export const keepWarm = async (
  { clusters }: KubeDeps,
  { service, cluster, version, dueMs }: KeepWarmInput,
): Promise<readonly ObjectChange[]> =>
  markDue({ cluster: await clusters.connect({ service, cluster }), service }, version, dueMs);

/** By the record as it is now: a run may have begun since somebody looked. What somebody fights over stays. */
export async function pinVersion(
  { clusters, clock }: KubeDeps,
  { service, cluster }: PinVersionInput,
): Promise<readonly ObjectChange[]> {
  const at = { cluster: await clusters.connect({ service, cluster }), service };
  const { record, route } = await findRecord(at);
  const version = pinOf(record);
  if (version === '') return route === null && (await subsetServices(at)).length === 0 ? giveBackSiblings(at) : [];
  await assertReady(at, version);
  const frontend = await findFrontend(at);
  const note = (one: Service): Noted =>
    noteRepair(one, { field: 'pin', manager: fieldManager(one, 'selector'), nowMs: clock.nowMs() });
  const noted = frontend === null ? null : note(frontend);
  const changes =
    frontend === null || noted === null || pinnedTo(frontend) === version
      ? []
      : [await patchService(at, frontend, { ...noted, spec: { selector: { [labels.version]: version } } })];
  // A commit that ended before it came to this: the version scales as the one that it replaced did.
  const scaled = noted === null ? [] : await adoptAutoscaler(at, version);
  return [...changes, ...scaled, ...(await pinSiblings(at, { frontend, version, note }))];
}

/** What is to be done is asked anew: it is the cluster's word of now that is put back, or taken. */
export async function mendFrontend(deps: KubeDeps, input: MendFrontendInput): Promise<readonly ObjectChange[]> {
  const { at, does, manager } = await driftOf(deps, input, 'frontend');
  if (does === 'adopt') {
    const live = await readFrontend(at);
    const written = await updateRecord(at, ({ record, redirected }) => {
      if (record === null) return null;
      return { record: { ...record, frontend: frontendOf(live, routedBy(record, at.service)) }, redirect: redirected };
    });
    return written?.changes ?? [];
  }
  const { record } = await findRecord(at);
  if (does !== 'repair' || record === null) return [];
  return [await putBack(at, record, { field: 'frontend', manager, nowMs: deps.clock.nowMs() })];
}

/** The record stays as it is. Written first, noted after: a frontend that is gone holds up no route. */
export async function mendRoute(deps: KubeDeps, input: MendFrontendInput): Promise<readonly ObjectChange[]> {
  const { at, does, manager } = await driftOf(deps, input, 'route');
  if (does !== 'repair') return [];
  const written = await updateRecord(at, ({ record, route }) => {
    // A run may have written since.
    const asked = record === null || route === null ? null : askedFor(record, route);
    return record === null || asked === null ? null : { record, redirect: asked.redirect };
  });
  const changes = (written?.changes ?? []).filter(({ action }) => action !== 'unchanged');
  const frontend = changes.length === 0 ? null : await findFrontend(at);
  const noted = frontend === null ? null : noteRepair(frontend, { field: 'route', manager, nowMs: deps.clock.nowMs() });
  if (frontend === null || noted === null || noted.annotations === undefined) return changes;
  return [...changes, await patchService(at, frontend, noted)];
}

/** Of one kind, as it is seen now; `does` is undefined where there is none any more. */
async function driftOf(deps: KubeDeps, { service, cluster, drift }: MendFrontendInput, wanted: Drift['field']) {
  const at = { cluster: await deps.clusters.connect({ service, cluster }), service };
  const { clusters } = await surveyService(deps, { service, clusters: [cluster] });
  const seen = clusters.flatMap((one) => driftsOf({ ...one, service: service.service }, drift));
  const { does, by: manager = '' } = seen.find(({ field }) => field === wanted) ?? {};
  return { at, does, manager };
}

async function putBack(at: RecordAt, record: RoutingRecord, repair: Repair): Promise<ObjectChange> {
  const { frontend: wanted } = record;
  const frontend = await readFrontend(at);
  const noted = noteRepair(frontend, repair) ?? {};
  const { portName, port, targetPort } = wanted;
  const { ports = [] } = frontend.spec;
  const routed = routedPort(frontend, routedBy(record, at.service));
  const selector = frontendSelector(frontend);
  // A frontend with one port may leave its name out.
  const back = { protocol: 'TCP', ...routed, ...(portName === '' ? {} : { name: portName }), port, targetPort };
  const strays = Object.keys(selector).filter((name) => !Object.hasOwn(wanted.selector, name));
  return patchService(at, frontend, {
    ...noted,
    spec: {
      selector: { ...Object.fromEntries(strays.map((name) => [name, null])), ...wanted.selector },
      ports: routed === undefined ? [...ports, back] : ports.map((one) => (one === routed ? back : one)),
    },
  });
}

/** The annotation that remembers a repair; {} for what we changed ourselves, null for what is left alone. */
type Noted = Pick<ServicePatch, 'annotations'> | null;

function noteRepair(frontend: Service, repair: Repair): Noted {
  const repairs = repairsOf(frontend);
  if (fightOver(repair.field, repair.manager, repairs) !== null) return null;
  if (repair.manager === FIELD_MANAGER) return {};
  return { annotations: { [annotations.repairs]: JSON.stringify(withRepair(repairs, repair)) } };
}

/** The pins of siblings: other Services over a frontend's pods, whose callers would get unproven pods by their count. */
import { annotations, labels } from '../../../core/kube/labels.ts';
import { kinds } from '../../../core/kube/kinds.ts';
import type { ObjectChange } from '../../../core/kube/object-change.ts';
import type { Deployment, Service } from '../../../core/kube/objects.ts';
import { pinBack } from '../../../core/routing/pin-back.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { pinnedTo } from '../../../core/workload/cluster-facts.ts';
import { isPinnedWith, siblingPins, siblingsToGiveBack } from '../../../core/workload/second-services.ts';
import type { RecordAt } from '../../record-store.ts';
import { patchService, type ServicePatch } from './service-patch.ts';

/** A person says that others leave the pins alone from now on. */
export async function forgetFights(at: RecordAt): Promise<readonly ObjectChange[]> {
  const fought = (await listServices(at)).filter(
    (one) => isPinnedWith(one, at.service.service) && one.metadata.annotations?.[annotations.repairs] !== undefined,
  );
  return allOf(fought.map((one) => patchService(at, one, { annotations: { [annotations.repairs]: null } })));
}

interface SiblingsPin {
  readonly frontend: Service;
  readonly version: string;
  /** What is noted on one that somebody took the pin off; null: it is left alone. Absent: nothing is noted. */
  readonly note?: (sibling: Service) => Pick<ServicePatch, 'annotations'> | null;
}

/** All that are there now: one that came after the adoption, too. */
export async function pinSiblings(
  at: RecordAt,
  { frontend, version, note = () => ({}) }: SiblingsPin,
): Promise<readonly ObjectChange[]> {
  const [services, deployments] = await Promise.all([listServices(at), listDeployments(at)]);
  const pins = siblingPins({ frontend, services, deployments }, version);
  return allOf(
    pins.flatMap((one) => {
      const noted = isPinnedWith(one.sibling, at.service.service) ? note(one.sibling) : {};
      return noted === null ? [] : [pinSibling(at, one.sibling, { version: one.version, noted })];
    }),
  );
}

/** Of a way back: those that a run may have moved, as the record knows them. It asks for no Deployment. */
export async function pinSiblingsBack(at: RecordAt, record: RoutingRecord): Promise<readonly ObjectChange[]> {
  const moved = (await listServices(at)).filter((one) => isPinnedWith(one, at.service.service));
  return allOf(
    moved.flatMap((one) => {
      const version = pinBack(record, pinnedTo(one));
      return version === '' ? [] : [pinSibling(at, one, { version })];
    }),
  );
}

/** After a release. One that could reach pods of another version keeps its pin until those are gone. */
export async function giveBackSiblings(at: RecordAt): Promise<readonly ObjectChange[]> {
  const [services, deployments] = await Promise.all([listServices(at), listDeployments(at)]);
  const free = siblingsToGiveBack(at.service.service, { services, deployments });
  return allOf(free.map((one) => pinSibling(at, one, { version: '' })));
}

/** '' gives its selector back. */
async function pinSibling(
  at: RecordAt,
  sibling: Service,
  { version, noted }: { readonly version: string; readonly noted?: Pick<ServicePatch, 'annotations'> },
): Promise<ObjectChange> {
  const pin = version === '' ? null : version;
  const marks = {
    [annotations.pinnedWith]: pin === null ? null : at.service.service,
    ...(pin === null && { [annotations.repairs]: null }),
  };
  const change = await patchService(at, sibling, {
    annotations: { ...noted?.annotations, ...marks },
    spec: { selector: { [labels.version]: pin } },
  });
  return { ...change, before: pinnedTo(sibling), after: version };
}

/** One that cannot be written keeps none of the others waiting. */
async function allOf(writes: readonly Promise<ObjectChange>[]): Promise<readonly ObjectChange[]> {
  const ends = await Promise.allSettled(writes);
  const failed = ends.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
}

const listServices = ({ cluster, service }: RecordAt): Promise<readonly Service[]> =>
  cluster.list<Service>(kinds.service, service.namespace);

const listDeployments = ({ cluster, service }: RecordAt): Promise<readonly Deployment[]> =>
  cluster.list<Deployment>(kinds.deployment, service.namespace);

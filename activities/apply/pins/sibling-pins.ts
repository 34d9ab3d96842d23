/** The pins of siblings: other Services over a frontend's pods, whose callers would get unproven pods by their count. */
import { annotations, labels } from '../../../core/kube/labels.ts';
import { kinds } from '../../../core/kube/kinds.ts';
import type { ObjectChange } from '../../../core/kube/object-change.ts';
import type { Deployment, Service } from '../../../core/kube/objects.ts';
import { pinBack } from '../../../core/routing/pin-back.ts';
import type { RoutingRecord } from '../../../core/routing/record.ts';
import { pinnedTo } from '../../../core/workload/cluster-facts.ts';
import {
  isPinnedWith,
  recordedFrontend,
  siblingPins,
  siblingsToGiveBack,
  unansweredBy,
} from '../../../core/workload/second-services.ts';
import { refuse, TidegateError } from '../../../core/values/error.ts';
import { allEnded } from '../../all-ended.ts';
import { findRecord, type RecordAt } from '../../record-store.ts';
import { patchService, type ServicePatch } from './service-patch.ts';

/** A person says that others leave the pins alone from now on. */
export async function forgetFights(at: RecordAt): Promise<readonly ObjectChange[]> {
  const fought = (await listServices(at)).filter(
    (one) => isPinnedWith(one, at.service.service) && one.metadata.annotations?.[annotations.repairs] !== undefined,
  );
  return allEnded(fought.map((one) => patchService(at, one, { annotations: { [annotations.repairs]: null } })));
}

interface SiblingsPin {
  /** null: it is gone; its record tells of its siblings. */
  readonly frontend: Service | null;
  readonly version: string;
  /** What is noted on one that somebody took the pin off; null: it is left alone. Absent: nothing is noted. */
  readonly note?: (sibling: Service) => Pick<ServicePatch, 'annotations'> | null;
}

/** All that are there now: one that came after the adoption, too. */
export async function pinSiblings(
  at: RecordAt,
  { frontend, version, note = () => ({}) }: SiblingsPin,
): Promise<readonly ObjectChange[]> {
  const siblings = await siblingsBeside(at, frontend);
  if (siblings === null) return [];
  return allEnded(
    siblingPins(siblings, version).flatMap((one) => {
      // Whoever fights over a pin gets the selector back at once.
      const isMended = one.version !== '' && isPinnedWith(one.sibling, at.service.service);
      const noted = isMended ? note(one.sibling) : {};
      return noted === null ? [] : [pinSibling(at, one.sibling, { version: one.version, noted })];
    }),
  );
}

async function siblingsBeside(at: RecordAt, live: Service | null): Promise<Parameters<typeof siblingPins>[0] | null> {
  const [services, deployments, { record }] = await Promise.all([
    listServices(at),
    listDeployments(at),
    findRecord(at),
  ]);
  const { service: name, namespace } = at.service;
  const frontend = recordedFrontend(live, record, { name, namespace });
  return frontend === null ? null : { frontend, services, deployments };
}

/** Before a version gets a call: once the pins move to it, a sibling by a label that its pods lack would have nobody. */
export async function assertSiblingsAnswered(
  at: RecordAt,
  { frontend, version, pod }: { frontend: Service; version: string; pod: Readonly<Record<string, string>> },
): Promise<void> {
  const siblings = await siblingsBeside(at, frontend);
  const left = siblings === null ? [] : unansweredBy(siblings, pod);
  if (left.length === 0) return;
  const { service, namespace } = at.service;
  refuse(
    'Invalid',
    `${at.cluster.name}/${namespace}/Service/${left.join(', ')}: pinned with ${service}, and by labels that the pods of ${version} lack: its callers would get nobody`,
    `give the pods of ${version} these labels, or take them out of its selector`,
  );
}

/**
 * Of a way back: those that a run may have moved, as the record knows them. It asks for no Deployment, and waits for no
 * sibling: one that cannot be written is left to the settler.
 */
export async function pinSiblingsBack(at: RecordAt, record: RoutingRecord): Promise<readonly ObjectChange[]> {
  const skipped = (name: string) => (error: unknown) => {
    if (!(error instanceof TidegateError) || error.code === 'Conflict') throw error;
    return { object: `Service/${name}`, action: 'skipped', before: '', after: '' } as const;
  };
  const all = await listServices(at).catch(skipped(`* (pinned with ${at.service.service})`));
  if ('action' in all) return [all];
  const moved = all.filter((one) => isPinnedWith(one, at.service.service));
  return allEnded(
    moved.flatMap((one) => {
      const version = pinBack(record, pinnedTo(one));
      return version === '' ? [] : [pinSibling(at, one, { version }).catch(skipped(one.metadata.name))];
    }),
  );
}

/** After a release. One that could reach pods of another version keeps its pin until those are gone. */
export async function giveBackSiblings(at: RecordAt): Promise<readonly ObjectChange[]> {
  const [services, deployments] = await Promise.all([listServices(at), listDeployments(at)]);
  const free = siblingsToGiveBack(at.service.service, { services, deployments });
  return allEnded(free.map((one) => pinSibling(at, one, { version: '' })));
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

const listServices = ({ cluster, service }: RecordAt): Promise<readonly Service[]> =>
  cluster.list<Service>(kinds.service, service.namespace);

const listDeployments = ({ cluster, service }: RecordAt): Promise<readonly Deployment[]> =>
  cluster.list<Deployment>(kinds.deployment, service.namespace);

/**
 * Other Services over the pods of a frontend: their callers get whatever pods there are, by count, unless they are pinned.
 * Those that call as the frontend does are pinned with it: they are its siblings. Pure.
 */
import { annotations, labels } from '../kube/labels.ts';
import type { Deployment, Service, ServicePort } from '../kube/objects.ts';
import { fieldManager } from '../kube/ownership.ts';
import type { RoutingRecord } from '../routing/record.ts';
import { present } from '../values/json.ts';
import { frontendSelector, pinnedTo, selects, workloadsOf } from './cluster-facts.ts';
import type { SecondService } from './facts.ts';
import { fightOver, repairsOf } from './frontend/fights.ts';
import { isHeadless } from './service-shape.ts';
import { isVersionLabel } from './version-text.ts';

type Labels = Readonly<Record<string, string>>;

/**
 * `workloads`: the Deployments behind the frontend. Where some have the version that it is pinned to, only Services over
 * those: a pin would leave one over others alone (a team's canary beside it) with no pod.
 */
export function secondServices(
  frontend: Service,
  services: readonly Service[],
  workloads: readonly Deployment[],
): SecondService[] {
  return overThese(frontend, services, withVersionIn(workloads, pinnedTo(frontend)));
}

/** Nobody knows which pods the pin would leave where no Deployment has the version: all may be meant. */
function withVersionIn(workloads: readonly Deployment[], version: string): readonly Deployment[] {
  const pinned = workloads.filter(({ spec }) => spec.template.metadata?.labels?.[labels.version] === version);
  return pinned.length === 0 ? workloads : pinned;
}

function overThese(frontend: Service, services: readonly Service[], workloads: readonly Deployment[]): SecondService[] {
  return services
    .filter((one) => isOfOthers(one) && one.metadata.name !== frontend.metadata.name)
    .flatMap((one) => {
      const [over] = workloads.flatMap((workload) => secondOver(one, frontend, workload) ?? []);
      return over === undefined ? [] : [{ ...over, ...signsOf(one, frontend, services) }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Subset Services of Tidegate select by version. The API server ignores the selector of an ExternalName. */
const isOfOthers = ({ metadata, spec }: Service): boolean =>
  metadata.labels?.[labels.owner] === undefined && spec.type !== 'ExternalName';

function signsOf(one: Service, frontend: Service, services: readonly Service[]): Partial<SecondService> {
  const adopted = isAdopted(one, services);
  const fight = fightOver('pin', fieldManager(one, 'selector'), repairsOf(one)) ?? undefined;
  return {
    ...(isPinnedWith(one, frontend.metadata.name) && { follows: true as const }),
    ...(adopted && { adopted: true as const }),
    ...(isHeadless(one) && { headless: true as const }),
    ...(isWithin(one, frontend) && { within: true as const }),
    ...present({ fight }),
  };
}

/** Its own record says what it is pinned to. */
const isAdopted = (one: Service, services: readonly Service[]): boolean =>
  services.some(
    ({ metadata }) =>
      metadata.labels?.[labels.owner] !== undefined && metadata.labels[labels.service] === one.metadata.name,
  );

/** Are all pods that it selects the frontend's, whatever runs there? A pin would take away from it what is not. */
const isWithin = (one: Service, frontend: Service): boolean => selects(frontendSelector(frontend), one.spec.selector);

/** Has Tidegate pinned it with this service? */
export const isPinnedWith = ({ metadata }: Service, service: string): boolean =>
  metadata.annotations?.[annotations.pinnedWith] === service;

/** Is it pinned with the frontend? One for metrics alone sees the pods of every version, and a person's pin stays. */
export const isSibling = ({ serving, pinned, follows, adopted, headless, within }: SecondService): boolean =>
  adopted !== true && headless !== true && within === true && (follows === true || (serving && pinned === ''));

interface SiblingPin {
  readonly sibling: Service;
  /** '' = it is given back: it has other pods now. */
  readonly version: string;
}

interface Siblings {
  readonly frontend: Service;
  readonly services: readonly Service[];
  /** Of the namespace. */
  readonly deployments: readonly Deployment[];
}

/**
 * The frontend as its record keeps it: what somebody has changed of it since, or its end, says nothing of its siblings.
 * null: there is neither.
 */
export function recordedFrontend(
  live: Service | null,
  record: RoutingRecord | null,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): Service | null {
  if (record === null || (record.versions.proven ?? record.versions.current) === null) return live;
  const { portName, port, targetPort, selector } = record.frontend;
  const ports = live?.spec.ports ?? [{ ...(portName !== '' && { name: portName }), port, targetPort }];
  const pin = live === null ? '' : pinnedTo(live);
  return {
    ...(live ?? { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace } }),
    spec: { ...live?.spec, ports, selector: { ...selector, ...(pin !== '' && { [labels.version]: pin }) } },
  };
}

/**
 * What the siblings of a frontend are to be pinned to, where they are not yet: only those that pods of the version
 * answer. Whoever is pinned and is no sibling any more gets its selector back.
 */
export function siblingPins({ frontend, services, deployments }: Siblings, version: string): SiblingPin[] {
  const { name } = frontend.metadata;
  const behind = workloadsOf(frontend, deployments);
  // Without a pod nobody can tell whose they are.
  if (behind.length === 0) return [];
  const seconds = overThese(frontend, services, withVersionIn(behind, version));
  const siblings = new Set(seconds.filter(isSibling).map((one) => one.name));
  const isDone = (one: Service): boolean => isPinnedWith(one, name) && one.spec.selector?.[labels.version] === version;
  return services.flatMap((one): SiblingPin[] => {
    if (siblings.has(one.metadata.name)) return isDone(one) ? [] : [{ sibling: one, version }];
    return isPinnedWith(one, name) && !isAdopted(one, services) ? [{ sibling: one, version: '' }] : [];
  });
}

/** Siblings that a pod with these labels would not answer, with the labels that it lacks: `admin (tier=web)`. */
export function unansweredBy({ frontend, services, deployments }: Siblings, pod: Labels): string[] {
  const siblings = new Set(
    secondServices(frontend, services, workloadsOf(frontend, deployments))
      .filter(isSibling)
      .map((one) => one.name),
  );
  return services
    .filter(({ metadata }) => siblings.has(metadata.name))
    .flatMap((one) => {
      const lacks = Object.entries(frontendSelector(one)).filter(([label, value]) => pod[label] !== value);
      const told = lacks.map(([label, value]) => `${label}=${value}`).join(', ');
      return lacks.length === 0 ? [] : [`${one.metadata.name} (${told})`];
    });
}

/** Siblings of a service that is released: given back once no pods of another version could get their calls. */
export const siblingsToGiveBack = (
  service: string,
  { services, deployments }: Pick<Siblings, 'services' | 'deployments'>,
): Service[] =>
  services.filter(
    (one) =>
      isPinnedWith(one, service) &&
      deployments.every(
        ({ spec }) =>
          spec.replicas === 0 ||
          !selects(frontendSelector(one), spec.template.metadata?.labels) ||
          selects(one.spec.selector ?? {}, spec.template.metadata?.labels),
      ),
  );

type Over = Pick<SecondService, 'name' | 'pinned' | 'serving'>;

function secondOver(one: Service, frontend: Service, { spec }: Deployment): Over | null {
  const pod = spec.template.metadata?.labels ?? {};
  const pin = Object.entries(one.spec.selector ?? {}).find(([label, value]) => isPin(label, value, pod));
  const wide = Object.entries(one.spec.selector ?? {}).filter(([label, value]) => !isPin(label, value, pod));
  if (!selects(Object.fromEntries(wide), pod)) return null;
  const ports = (some: readonly ServicePort[] = []): readonly (number | string)[] =>
    some.map(({ port, targetPort = port }) => containerPort(spec.template.spec.containers, targetPort));
  const serving = ports(frontend.spec.ports).some((port) => ports(one.spec.ports).includes(port));
  return { name: one.metadata.name, pinned: pin?.[1] ?? '', serving };
}

/** Would it keep pods of another version out? A version label with this version's name is rewritten in the next one's. */
const isPin = (label: string, value: string, pod: Labels): boolean =>
  label === labels.version ||
  label === labels.subsetVersion ||
  (isVersionLabel(label) && value === pod[label] && value === (pod[labels.version] ?? value));

/** A port's number, whether a Service says it by number or by name. */
function containerPort(
  containers: Deployment['spec']['template']['spec']['containers'],
  port: number | string,
): number | string {
  const named = containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === port);
  return named?.containerPort ?? port;
}

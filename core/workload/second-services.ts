/** Other Services over the pods of a frontend: their callers get whatever pods there are, by count. Pure. */
import { labels } from '../kube/labels.ts';
import type { Deployment, Service, ServicePort } from '../kube/objects.ts';
import { selects } from './cluster-facts.ts';
import type { SecondService } from './facts.ts';
import { isVersionLabel } from './version-text.ts';

type Labels = Readonly<Record<string, string>>;

/** `workloads`: the Deployments behind the frontend. */
export function secondServices(
  frontend: Service,
  services: readonly Service[],
  workloads: readonly Deployment[],
): SecondService[] {
  return services
    .filter((one) => isOfOthers(one) && one.metadata.name !== frontend.metadata.name)
    .flatMap((one) => workloads.flatMap((workload) => secondOver(one, frontend, workload) ?? []).slice(0, 1))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Subset Services of Tidegate select by version. The API server ignores the selector of an ExternalName. */
const isOfOthers = ({ metadata, spec }: Service): boolean =>
  metadata.labels?.[labels.owner] === undefined && spec.type !== 'ExternalName';

function secondOver(one: Service, frontend: Service, { spec }: Deployment): SecondService | null {
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
  (isVersionLabel(label) && value === pod[label] && value === pod[labels.version]);

/** A port's number, whether a Service says it by number or by name. */
function containerPort(
  containers: Deployment['spec']['template']['spec']['containers'],
  port: number | string,
): number | string {
  const named = containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === port);
  return named?.containerPort ?? port;
}

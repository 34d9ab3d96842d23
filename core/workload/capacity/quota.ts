/** What pods of a template ask of the quotas of their namespace. Pure. */
import type { Amounts, Container, LimitRange, PodTemplate, ResourceQuota } from '../../kube/objects.ts';
import { milliOf, quantityText } from './quantity.ts';

export interface AskedPods {
  /** Those that are still to be made. */
  readonly pods: number;
  readonly template: PodTemplate;
}

export interface QuotaSurroundings {
  readonly quotas: readonly ResourceQuota[];
  readonly limitRanges: readonly LimitRange[];
}

/** One sentence per quota that would not let the pods in: what is asked, and what is left. */
export function quotaFaults({ pods, template }: AskedPods, { quotas, limitRanges }: QuotaSurroundings): string[] {
  if (pods <= 0) return [];
  const asked = podAmounts(template, limitRanges);
  return quotas.filter((quota) => counts(quota, asked)).flatMap((quota) => faultsOf(quota, { pods, asked }));
}

type Milli = Readonly<Record<string, number>>;

interface PodAmounts {
  readonly requests: Milli;
  readonly limits: Milli;
  /** Containers that name no amount of a resource, by `requests.cpu`. */
  readonly unnamed: ReadonlySet<string>;
}

/** A quota with scopes that a template does not tell of (priority classes) is asked when the pods are made. */
function counts({ spec }: ResourceQuota, { requests, limits }: PodAmounts): boolean {
  if (spec?.scopeSelector !== undefined) return false;
  const isNamed = Object.keys(requests).length + Object.keys(limits).length > 0;
  // Pods of a Deployment have no deadline.
  return (spec?.scopes ?? []).every(
    (scope) => scope === 'NotTerminating' || scope === (isNamed ? 'NotBestEffort' : 'BestEffort'),
  );
}

function faultsOf(quota: ResourceQuota, { pods, asked }: { pods: number; asked: PodAmounts }): string[] {
  const { hard = {}, used = {} } = quota.status ?? {};
  const where = `ResourceQuota/${quota.metadata.name}`;
  return Object.entries(hard).flatMap(([name, most]) => {
    const perPod = perPodOf(name, asked);
    const limit = milliOf(most);
    if (perPod === null || limit === null) return [];
    const left = limit - (milliOf(used[name] ?? '0') ?? 0);
    if (asked.unnamed.has(fullName(name)))
      return [
        `${where}: it counts ${name}, so that no pod gets in which does not name it, and a container of the template names none`,
      ];
    if (pods * perPod <= left) return [];
    const each = perPod === 1_000 && fullName(name) === 'pods' ? '' : ` of ${quantityText(perPod)} each`;
    return [
      `${where}: ${String(pods)} more pods${each} ask for ${name} ${quantityText(pods * perPod)}, and ${quantityText(Math.max(0, left))} of ${most} are left`,
    ];
  });
}

/** `cpu` in a quota is short for `requests.cpu`. */
function fullName(name: string): string {
  if (name === 'count/pods') return 'pods';
  return ['cpu', 'memory', 'ephemeral-storage'].includes(name) ? `requests.${name}` : name;
}

/** Thousandths that each pod takes of what the quota counts; null: pods take none of it. */
function perPodOf(name: string, { requests, limits }: PodAmounts): number | null {
  const full = fullName(name);
  if (full === 'pods') return 1_000;
  const [, kind, resource = ''] = /^(requests|limits)\.(.+)$/.exec(full) ?? [];
  if (kind === undefined) return null;
  return (kind === 'requests' ? requests : limits)[resource] ?? 0;
}

/** Names that Kubernetes wants of every container where a quota counts them. */
const mustName: readonly string[] = ['requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

/** As the scheduler and quotas count a pod: all containers at once, or the largest that initialises it. */
function podAmounts({ spec }: PodTemplate, limitRanges: readonly LimitRange[]): PodAmounts {
  const init = (spec.initContainers ?? []).map((one) => withDefaults(one, limitRanges));
  const main = spec.containers.map((one) => withDefaults(one, limitRanges));
  // A sidecar stays.
  const staying = [...main, ...init.filter((_, i) => spec.initContainers?.[i]?.restartPolicy === 'Always')];
  const total = (kind: 'requests' | 'limits'): Milli => {
    const names = new Set([...init, ...main].flatMap((one) => Object.keys(one[kind])));
    const overhead = spec.overhead ?? {};
    return Object.fromEntries(
      [...names].map((name) => {
        const all = staying.reduce((sum, one) => sum + (one[kind][name] ?? 0), 0);
        const first = Math.max(0, ...init.map((one) => one[kind][name] ?? 0));
        return [name, Math.max(all, first) + (milliOf(overhead[name] ?? '0') ?? 0)];
      }),
    );
  };
  const unnamed = mustName.filter((full) => {
    const [kind = '', name = ''] = full.split('.');
    return [...init, ...main].some((one) => one[kind === 'requests' ? 'requests' : 'limits'][name] === undefined);
  });
  return { requests: total('requests'), limits: total('limits'), unnamed: new Set(unnamed) };
}

/** What a container leaves out is taken from the namespace's defaults, and a request from its limit. */
function withDefaults(
  { resources }: Container,
  limitRanges: readonly LimitRange[],
): Record<'requests' | 'limits', Milli> {
  const items = limitRanges.flatMap(({ spec }) => spec?.limits ?? []).filter(({ type }) => type === 'Container');
  const given = { requests: milliIn(resources?.requests), limits: milliIn(resources?.limits) };
  // The request follows the container's own limit before it follows a default.
  const requests = { ...given.limits, ...given.requests };
  const defaults = (field: 'default' | 'defaultRequest'): Milli =>
    Object.assign({}, ...items.map((one) => milliIn(one[field]))) as Milli;
  return {
    requests: { ...defaults('default'), ...defaults('defaultRequest'), ...requests },
    limits: { ...defaults('default'), ...given.limits },
  };
}

const milliIn = (amounts: Amounts = {}): Milli =>
  Object.fromEntries(
    Object.entries(amounts).flatMap(([name, quantity]) => {
      const milli = milliOf(quantity);
      return milli === null ? [] : [[name, milli]];
    }),
  );

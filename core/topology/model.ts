/**
 * core/topology: which cluster should answer whose calls, planned as a linear program.
 *
 *   TopologyInput ──topologyModel──► TopologyModel ──admit──► what fits ──optimise──► flows ──sharesOfFlows──► shares
 *
 * A class is one kind of request with its tree of calls; a call is served in some cluster for each cluster that it starts
 * in. Total load of a service does not depend on where it is served, so what fits is known before anything is solved.
 * This folder starts no solver: it is given one (`LinearSolver`). It reads no clock and writes no record.
 */
import { refuse } from '../values/error.ts';
import { byName, distinct, sum } from '../values/share.ts';
import { dollarsPerGb, type Place } from './prices.ts';

/** One call of a class: `from` calls `to` on average `times` times for each request that it serves itself. */
export interface CallInput {
  readonly from: string;
  readonly to: string;
  readonly times: number;
  readonly requestBytes: number;
  readonly responseBytes: number;
}

export interface ClassInput {
  /** 1 survives the loss of any one cluster; a higher number is shed first. */
  readonly tier: number;
  readonly root: string;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly calls: readonly CallInput[];
  /** Requests per second by client cluster. */
  readonly demand: Readonly<Record<string, number>>;
}

/** Missing: any. */
interface Residency {
  readonly clusters?: readonly string[] | undefined;
  readonly clouds?: readonly string[] | undefined;
}

export interface ServiceInput {
  /** Time that a request takes on an idle replica, ms; with `slower`, times that factor in a cluster. */
  readonly serviceMs: number;
  /** What one replica can serve at most, requests/s. */
  readonly ratePerReplica: number;
  /** Ready replicas by cluster, or by zone of a cluster. */
  readonly replicas: Readonly<Record<string, number | Readonly<Record<string, number>>>>;
  readonly slower: Readonly<Record<string, number>>;
  /** Residency: where its calls may be answered. Missing: anywhere. */
  readonly allow?: Residency | undefined;
  /** At most this share of all its calls (0 to 1) in a cluster. */
  readonly maxShare: Readonly<Record<string, number>>;
}

export interface TopologyInput {
  readonly clusters: Readonly<Record<string, Place>>;
  readonly objective: 'latency' | 'cost' | 'balanced';
  /** What a million requests that are 1 ms faster are worth, dollars; used when balanced. */
  readonly dollarsPerMillionMs: number;
  /** No cluster's replicas of a service are planned beyond this part (0 to 1) of what they can serve. */
  readonly utilisation: number;
  /** Every allowed cluster with replicas gets at least this part (0 to 1) of a service's calls: it stays warm. */
  readonly warm: number;
  readonly roundTripMs: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly dollarsPerGb: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly services: Readonly<Record<string, ServiceInput>>;
  readonly classes: Readonly<Record<string, ClassInput>>;
}

/** A call in the tree of a class. The first of a class is the call of its clients, whose `from` is -1. */
export interface Edge {
  readonly className: number;
  readonly from: number;
  readonly to: number;
  readonly times: number;
  /** The same by the cluster of the caller: where classes are merged, it depends on which of them are served there. */
  readonly timesAt: Float64Array;
  /** Calls of this class that leave `to`, in an order in which callers come before callees. */
  readonly children: readonly number[];
  /** Egress of one call that starts in i and is answered in j, millionths of a dollar, at [i * clusters + j]. */
  readonly egress: Float64Array;
}

export interface Site {
  /** What it can serve at full utilisation, requests/s; 0 where it may not serve. */
  readonly capacity: number;
  readonly serviceMs: number;
  /** Requests in service at a time. */
  readonly servers: number;
  readonly maxShare: number;
}

export interface TopologyModel {
  readonly clusters: readonly string[];
  readonly services: readonly string[];
  readonly classes: readonly { readonly name: string; readonly tier: number; readonly demand: readonly number[] }[];
  /** Callers before callees, class by class. */
  readonly edges: readonly Edge[];
  readonly roots: readonly number[];
  /** By service, then by cluster. */
  readonly sites: readonly (readonly Site[])[];
  /** ms, at [i * clusters + j]. */
  readonly roundTripMs: Float64Array;
  /** Millionths of a dollar for one request that waits 1 ms; and whether egress counts. */
  readonly perMs: number;
  readonly egressCounts: number;
  readonly utilisation: number;
  readonly warm: number;
}

/** Latency alone still prefers the cheaper of two equal ways, and cost alone the faster one. */
const TIE_BREAK = 1e-4;

export function topologyModel(input: TopologyInput): TopologyModel {
  const clusters = Object.keys(input.clusters).sort(byName);
  const services = Object.keys(input.services).sort(byName);
  const classNames = Object.keys(input.classes).sort(byName);
  assertNames(input, { clusters, services });
  const pairs = pairTables(input, clusters);
  const edges: Edge[] = [];
  const roots: number[] = [];
  classNames.forEach((name, className) => {
    const one = classOf(input, name);
    roots.push(edges.length);
    edges.push(
      ...edgesOf(one, {
        name,
        className,
        services,
        clusters: clusters.length,
        first: edges.length,
        egress: pairs.egress,
      }),
    );
  });
  const objective = {
    latency: { perMs: 1, egressCounts: TIE_BREAK },
    cost: { perMs: TIE_BREAK, egressCounts: 1 },
    balanced: { perMs: input.dollarsPerMillionMs, egressCounts: 1 },
  }[input.objective];
  return {
    clusters,
    services,
    classes: classNames.map((name) => {
      const { tier, demand } = classOf(input, name);
      return { name, tier, demand: clusters.map((cluster) => demand[cluster] ?? 0) };
    }),
    edges,
    roots,
    sites: services.map((name) => clusters.map((cluster) => siteOf(input, name, cluster))),
    roundTripMs: pairs.roundTripMs,
    ...objective,
    utilisation: input.utilisation,
    warm: input.warm,
  };
}

const classOf = (input: TopologyInput, name: string): ClassInput =>
  input.classes[name] ?? refuse('Invalid', `there is no class ${name}`, 'name one of classes');

/** Zones are summed: only the replicas of a cluster count, however they are spread. */
export const replicasIn = (service: ServiceInput, cluster: string): number => {
  const written = service.replicas[cluster] ?? 0;
  return typeof written === 'number' ? written : sum(Object.values(written));
};

const isAllowed = ({ clusters }: TopologyInput, { allow }: ServiceInput, cluster: string): boolean =>
  (allow?.clusters?.includes(cluster) ?? true) && (allow?.clouds?.includes(clusters[cluster]?.cloud ?? '') ?? true);

function siteOf(input: TopologyInput, name: string, cluster: string): Site {
  const service = input.services[name];
  if (service === undefined || !isAllowed(input, service, cluster))
    return { capacity: 0, serviceMs: 0, servers: 1, maxShare: 0 };
  const slower = service.slower[cluster] ?? 1;
  const replicas = replicasIn(service, cluster);
  return {
    capacity: (replicas * service.ratePerReplica) / slower,
    serviceMs: service.serviceMs * slower,
    servers: Math.max(1, (replicas * service.ratePerReplica * service.serviceMs) / 1_000),
    maxShare: service.maxShare[cluster] ?? 1,
  };
}

interface PairTables {
  readonly roundTripMs: Float64Array;
  readonly egress: (requestBytes: number, responseBytes: number) => Float64Array;
}

/** Bytes of a request are billed by the cloud of the caller, those of a response by the cloud of the callee. */
function pairTables(input: TopologyInput, clusters: readonly string[]): PairTables {
  const pairs = clusters.flatMap((from) => clusters.map((to) => [from, to] as const));
  const unknown = pairs.filter(([from, to]) => from !== to && roundTrip(input, from, to) === undefined);
  if (unknown.length > 0)
    refuse(
      'Invalid',
      `roundTripMs: no round-trip time between ${unknown
        .filter(([from, to]) => from < to)
        .map(([from, to]) => `${from} and ${to}`)
        .join(', ')}`,
      'measure it (ping, or a histogram of clients) and write it in one of both directions, in ms',
    );
  const unpriced = pairs.filter(([from, to]) => priceOf(input, from, to) === undefined);
  if (unpriced.length > 0)
    refuse(
      'Invalid',
      `dollarsPerGb: no price from ${unpriced.map(([from, to]) => `${from} to ${to}`).join(', ')}`,
      'write what a GB costs there (0 where it is free); only aws, azure, gcp and onprem have defaults',
    );
  const prices = pairs.map(([from, to]) => priceOf(input, from, to) ?? 0);
  const n = clusters.length;
  return {
    roundTripMs: Float64Array.from(pairs, ([from, to]) => roundTrip(input, from, to) ?? 0),
    // Dollars per GB times bytes, in millionths of a dollar.
    egress: (requestBytes, responseBytes) =>
      Float64Array.from(
        prices,
        (price, at) =>
          (price * requestBytes + (prices[(at % n) * n + Math.floor(at / n)] ?? 0) * responseBytes) / 1_000,
      ),
  };
}

const roundTrip = ({ roundTripMs }: TopologyInput, from: string, to: string): number | undefined =>
  roundTripMs[from]?.[to] ?? roundTripMs[to]?.[from] ?? (from === to ? 0 : undefined);

const priceOf = (input: TopologyInput, from: string, to: string): number | undefined => {
  const [source, target] = [input.clusters[from], input.clusters[to]];
  if (source === undefined || target === undefined || from === to) return input.dollarsPerGb[from]?.[to] ?? 0;
  return input.dollarsPerGb[from]?.[to] ?? dollarsPerGb(source, target);
};

interface EdgePlace {
  readonly name: string;
  readonly className: number;
  readonly services: readonly string[];
  readonly clusters: number;
  readonly first: number;
  readonly egress: PairTables['egress'];
}

function edgesOf(one: ClassInput, { name, className, services, clusters, first, egress }: EdgePlace): Edge[] {
  const calls = inCallOrder(one, name);
  const all = [{ from: '', to: one.root, times: 1, requestBytes: one.requestBytes, responseBytes: one.responseBytes }];
  all.push(...calls);
  return all.map(({ from, to, times, requestBytes, responseBytes }) => ({
    className,
    from: services.indexOf(from),
    to: services.indexOf(to),
    times,
    timesAt: new Float64Array(clusters).fill(times),
    children: all.flatMap((call, at) => (at > 0 && call.from === to ? [first + at] : [])),
    egress: egress(requestBytes, responseBytes),
  }));
}

/** Callers before callees; calls that no request reaches are left out. Refuses a circle. */
function inCallOrder({ root, calls }: ClassInput, name: string): CallInput[] {
  const done: string[] = [];
  const visit = (service: string, path: readonly string[]): void => {
    if (path.includes(service))
      refuse(
        'Invalid',
        `classes.${name}: calls go in a circle: ${[...path.slice(path.indexOf(service)), service].join(' → ')}`,
        'remove one of these calls; a call tree that returns to a service has no end',
      );
    if (done.includes(service)) return;
    for (const { to } of calls.filter(({ from }) => from === service)) visit(to, [...path, service]);
    done.unshift(service);
  };
  visit(root, []);
  return done.flatMap((service) => calls.filter(({ from }) => from === service));
}

function assertNames(input: TopologyInput, known: { clusters: readonly string[]; services: readonly string[] }): void {
  if (known.clusters.length < 2)
    refuse(
      'Invalid',
      `clusters: only ${known.clusters.join(', ') || 'none'}: with one cluster there is nothing to plan`,
      'name at least two clusters',
    );
  const used = {
    clusters: [
      ...Object.entries(input.services).flatMap(([name, { replicas, slower, maxShare, allow }]) =>
        [...Object.keys({ ...replicas, ...slower, ...maxShare }), ...(allow?.clusters ?? [])].map(
          (one) => [one, `services.${name}`] as const,
        ),
      ),
      ...Object.entries(input.classes).flatMap(([name, { demand }]) =>
        Object.keys(demand).map((one) => [one, `classes.${name}.demand`] as const),
      ),
      ...(['roundTripMs', 'dollarsPerGb'] as const).flatMap((table) =>
        Object.entries(input[table]).flatMap(([from, row]) =>
          [from, ...Object.keys(row)].map((one) => [one, table] as const),
        ),
      ),
    ],
    services: Object.entries(input.classes).flatMap(([name, { root, calls }]) =>
      [root, ...calls.flatMap(({ from, to }) => [from, to])].map((one) => [one, `classes.${name}`] as const),
    ),
  };
  for (const kind of ['clusters', 'services'] as const) {
    const unknown = used[kind].filter(([one]) => !known[kind].includes(one));
    if (unknown.length > 0)
      refuse(
        'Invalid',
        `unknown ${kind}: ${distinct(unknown.map(([one, where]) => `${one} (in ${where})`)).join(', ')}`,
        `name one of ${known[kind].join(', ')}, or add it to ${kind}`,
      );
  }
  const demand = sum(Object.values(input.classes).flatMap((one) => Object.values(one.demand)));
  if (!(demand > 0))
    refuse('Invalid', 'classes: the demand of all classes is 0, so there is nothing to plan', 'give a class demand');
}

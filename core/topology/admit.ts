/**
 * What fits. The load of a service does not depend on where its calls are answered, and every cluster may call every
 * other: so a demand fits exactly when, for each service, the limits of its clusters together hold its load.
 */
import { sum, distinct } from '../values/share.ts';
import type { TopologyModel } from './model.ts';

/** Requests/s of each class by client cluster, in the model's order. */
export type Demand = readonly (readonly number[])[];

/** Load of each service, requests/s, at that demand. */
export function loadsOf(model: TopologyModel, demand: Demand): number[] {
  const loads = model.services.map(() => 0);
  const perRoot = model.classes.map(() => new Map<number, number>());
  for (const edge of model.edges) {
    const served = perRoot[edge.className];
    if (served === undefined) continue;
    const calls = edge.from < 0 ? sum(demand[edge.className] ?? []) : (served.get(edge.from) ?? 0) * edge.times;
    served.set(edge.to, (served.get(edge.to) ?? 0) + calls);
    loads[edge.to] = (loads[edge.to] ?? 0) + calls;
  }
  return loads;
}

/** Where no maxShare is written: a bit more than the whole load, so that this is no limit which binds and has a price. */
const ALL = 1.05;

/** The most that a cluster may serve of a service whose whole load is `load`, requests/s. */
export const mostOf = (model: TopologyModel, at: { service: number; cluster: number }, load: number): number => {
  const site = model.sites[at.service]?.[at.cluster];
  if (site === undefined) return 0;
  return Math.min(site.capacity * model.utilisation, (site.maxShare === 1 ? ALL : site.maxShare) * load);
};

export interface Shortfall {
  readonly service: string;
  /** Requests/s: wanted, and what the limits hold. */
  readonly load: number;
  readonly room: number;
}

/** Services that cannot hold that demand. */
export const shortfalls = (model: TopologyModel, demand: Demand, lost?: number): Shortfall[] =>
  loadsOf(model, demand).flatMap((load, service) => {
    const room = sum(
      model.clusters.map((_, cluster) => (cluster === lost ? 0 : mostOf(model, { service, cluster }, load))),
    );
    return load > room * (1 + 1e-9) ? [{ service: model.services[service] ?? '', load, room }] : [];
  });

export interface Admitted {
  readonly demand: Demand;
  /** Part of each class's demand that is served, 0 to 1. */
  readonly parts: readonly number[];
}

/**
 * Tier after tier, each as much as fits beside those before it. Classes of one tier are raised alike until a service is
 * full; those that call it stay there, the others go on.
 */
export function admit(model: TopologyModel, demand: Demand, lost?: number): Admitted {
  const parts = model.classes.map(() => 0);
  const scaled = (): Demand => demand.map((row, at) => row.map((one) => one * (parts[at] ?? 0)));
  for (const tier of distinctTiers(model)) {
    let rising = model.classes.flatMap((one, at) => (one.tier === tier ? [at] : []));
    while (rising.length > 0) {
      const full = raise(parts, rising, () => shortfalls(model, scaled(), lost));
      const going = rising.filter((at) => !callsOneOf(model, demand, { at, full }));
      if (going.length === rising.length) break;
      rising = going;
    }
  }
  return { demand: scaled(), parts };
}

/** Raises the parts of `rising` as far as nothing lacks; what lacks just above. */
function raise(parts: number[], rising: readonly number[], lacking: () => Shortfall[]): Shortfall[] {
  const at = (part: number): Shortfall[] => {
    for (const one of rising) parts[one] = part;
    return lacking();
  };
  let low = Math.max(...rising.map((one) => parts[one] ?? 0));
  let high = 1;
  let full = at(high);
  if (full.length === 0) return [];
  for (let round = 0; round < 40; round += 1) {
    const middle = (low + high) / 2;
    const lacks = at(middle);
    if (lacks.length === 0) low = middle;
    else [high, full] = [middle, lacks];
  }
  at(low);
  return full;
}

const callsOneOf = (
  model: TopologyModel,
  demand: Demand,
  { at, full }: { readonly at: number; readonly full: readonly Shortfall[] },
): boolean => {
  const alone = demand.map((row, other) => (other === at ? row : row.map(() => 0)));
  const loads = loadsOf(model, alone);
  return full.some(({ service }) => (loads[model.services.indexOf(service)] ?? 0) > 0);
};

const distinctTiers = ({ classes }: TopologyModel): number[] =>
  distinct(classes.map(({ tier }) => String(tier).padStart(6, '0'))).map(Number);

/** Clients of a lost cluster come in elsewhere, in proportion to who comes in there already; evenly where nobody does. */
function demandWithout(model: TopologyModel, lost: number): Demand {
  return model.classes.map(({ demand }) => {
    const moved = demand[lost] ?? 0;
    const rest = sum(demand) - moved;
    const others = model.clusters.length - 1;
    return demand.map((one, at) => (at === lost ? 0 : one + moved * (rest > 0 ? one / rest : 1 / others)));
  });
}

export interface Loss {
  readonly cluster: string;
  /** Part of each tier's demand that is served without it, 0 to 1, by tier. */
  readonly served: Readonly<Record<number, number>>;
  /** Of tier 1 alone, when it does not fit. */
  readonly shortfalls: readonly Shortfall[];
}

/** Mean over a tier's demand; 1 where it has none. */
function servedOf({ classes }: TopologyModel, tier: number, { demand, parts }: Admitted): number {
  const rates = demand.map((row, at) => (classes[at]?.tier === tier ? sum(row) : 0));
  const total = sum(rates);
  return total > 0 ? sum(rates.map((rate, at) => (rate * (parts[at] ?? 0)) / total)) : 1;
}

/** For every cluster what its loss would leave, if all others are filled up to the limits. */
export const losses = (model: TopologyModel): Loss[] =>
  model.clusters.map((cluster, lost) => {
    const demand = demandWithout(model, lost);
    const { parts } = admit(model, demand, lost);
    const first = demand.map((row, at) => (model.classes[at]?.tier === 1 ? row : row.map(() => 0)));
    const served = Object.fromEntries(
      distinctTiers(model).map((tier) => [tier, servedOf(model, tier, { demand, parts })]),
    );
    return { cluster, served, shortfalls: shortfalls(model, first, lost) };
  });

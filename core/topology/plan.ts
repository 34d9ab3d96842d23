/** The whole way from an input to a plan that explains itself; refuses what cannot be, and says what would help. */
import { distinct, formatShare, sum, WHOLE } from '../values/share.ts';
import { refuse } from '../values/error.ts';
import { applicableShares } from './applied.ts';
import { admit, losses, shortfalls, type Loss, type Shortfall } from './admit.ts';
import { MOST_UTILISATION } from './delay.ts';
import { evaluate, type Figures } from './evaluate.ts';
import { alternatives, bindingLimits, type Alternative, type BindingLimit } from './explain.ts';
import { replicasIn, topologyModel, type TopologyInput, type TopologyModel } from './model.ts';
import { evenShares, localFirstShares, waterfallShares } from './policies.ts';
import type { LinearSolver } from './program.ts';
import type { TopologyShares } from './shares.ts';

export interface TopologyPlan {
  readonly clusters: readonly string[];
  readonly shares: TopologyShares;
  /** Of the shares as they would be applied: rounded, and the same for all classes. */
  readonly figures: Figures;
  /** The same of what others do. */
  readonly others: Readonly<Record<string, Figures>>;
  /** Part of each class's demand that is served, 0 to 1; below 1 the rest is shed. */
  readonly served: Readonly<Record<string, number>>;
  readonly losses: readonly Loss[];
  readonly binding: readonly BindingLimit[];
  readonly alternatives: readonly Alternative[];
  /** How far the plan may be above the best split of each class by itself, as a part of the objective. */
  readonly gap: number;
  readonly unit: 'ms' | 'dollars';
}

/** The waterfall of others spills at this part of capacity. */
const WATERFALL_FULL = 0.8;

export async function planTopology(input: TopologyInput, solver: LinearSolver): Promise<TopologyPlan> {
  const model = topologyModel(input);
  assertFits(model, input);
  const wanted = model.classes.map((one) => one.demand);
  const { demand, parts } = admit(model, wanted);
  if (sum(demand.flat()) === 0)
    refuseShort(model, input, { what: 'nothing of the demand fits', short: shortfalls(model, wanted) });
  const { shares, figures, optimum, gap } = await applicableShares(model, { demand, solver });
  const figuresOf = (of: TopologyShares): Figures => evaluate(model, { demand, shares: of });
  return {
    clusters: model.clusters,
    shares,
    figures,
    others: {
      even: figuresOf(evenShares(model)),
      'local first': figuresOf(localFirstShares(model)),
      'waterfall 80 %': figuresOf(waterfallShares(model, { demand, full: WATERFALL_FULL })),
    },
    served: Object.fromEntries(model.classes.map(({ name }, at) => [name, parts[at] ?? 0])),
    losses: losses(model),
    binding: bindingLimits(optimum),
    alternatives: alternatives(optimum),
    gap,
    unit: input.objective === 'latency' ? 'ms' : 'dollars',
  };
}

/** Tier 1 is never shed by a plan: what does not fit is refused, with every limit that stands in its way. */
function assertFits(model: TopologyModel, input: TopologyInput): void {
  const first = model.classes.map(({ tier, demand }) => (tier === 1 ? demand : demand.map(() => 0)));
  const short = shortfalls(model, first);
  if (short.length > 0) refuseShort(model, input, { what: 'the demand of tier 1 does not fit', short });
}

function refuseShort(
  model: TopologyModel,
  input: TopologyInput,
  { what, short }: { readonly what: string; readonly short: readonly Shortfall[] },
): never {
  return refuse(
    'Invalid',
    `${what}: ${short.map((one) => clashText(model, input, one)).join('; ')}`,
    short.map((one) => remedyOf(model, input, one)).join('; '),
  );
}

const amount = (value: number): string => String(Number(value.toFixed(1)));

/** Clusters that hold a service back, and by which limit. */
function clashText(model: TopologyModel, input: TopologyInput, { service, load, room }: Shortfall): string {
  const row = model.sites[model.services.indexOf(service)] ?? [];
  const held = model.clusters.map((cluster, at) => {
    const site = row[at];
    if (site === undefined || site.maxShare === 0) return `${cluster} is not allowed to answer it`;
    if (site.capacity === 0) return `${cluster} has no replica`;
    const share = `maxShare ${formatShare(Math.round(site.maxShare * WHOLE))} in ${cluster}`;
    const cap = `utilisation ${formatShare(Math.round(input.utilisation * WHOLE))} of ${amount(site.capacity)}/s in ${cluster}`;
    return site.maxShare * load < site.capacity * input.utilisation ? share : cap;
  });
  return `${service} is asked ${amount(load)}/s and its limits hold ${amount(room)}/s (${held.join(', ')})`;
}

/** The smallest change of each kind that is enough alone. */
function remedyOf(model: TopologyModel, input: TopologyInput, { service, load, room }: Shortfall): string {
  const of = input.services[service];
  const row = model.sites[model.services.indexOf(service)] ?? [];
  if (of === undefined) return '';
  const ways: string[] = [];
  const open = model.clusters.filter((_, at) => (row[at]?.maxShare ?? 0) > 0);
  const growing = model.clusters.find((name, at) => open.includes(name) && (row[at]?.maxShare ?? 0) === 1);
  if (growing !== undefined) {
    const each = (of.ratePerReplica / (of.slower[growing] ?? 1)) * input.utilisation;
    const more = Math.ceil((load - room) / each - 1e-9);
    ways.push(`${String(more)} more ready replica${more === 1 ? '' : 's'} of ${service} in ${growing}`);
  }
  const capacity = sum(row.map((site) => site.capacity));
  const isCapped = row.every((site) => site.maxShare === 0 || site.maxShare === 1);
  const needed = Math.ceil((load / capacity) * 1_000 - 1e-9) / 1_000;
  if (isCapped && needed <= MOST_UTILISATION) ways.push(`utilisation ${amount(needed * 100)} %`);
  const closed = model.clusters.filter((name) => !open.includes(name) && replicasIn(of, name) > 0);
  const enough = closed.find((name) => {
    const each = (of.ratePerReplica / (of.slower[name] ?? 1)) * input.utilisation;
    return Math.min(replicasIn(of, name) * each, (of.maxShare[name] ?? 1) * load) >= load - room;
  });
  if (enough !== undefined) ways.push(`allow ${enough} to answer ${service}`);
  ways.push(`demand of ${service} lower by ${amount(load - room)}/s`);
  return `for ${service}: ${ways.join(', or ')}`;
}

/** What if a cluster were not there? Its clients come in elsewhere. */
export function withoutCluster(input: TopologyInput, name: string): TopologyInput {
  if (!Object.hasOwn(input.clusters, name))
    refuse('Invalid', `there is no cluster ${name}`, `name one of ${Object.keys(input.clusters).join(', ')}`);
  const without = <T>(map: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(map).filter(([key]) => key !== name));
  const pairs = (table: TopologyInput['roundTripMs']): TopologyInput['roundTripMs'] =>
    Object.fromEntries(Object.entries(without(table)).map(([from, row]) => [from, without(row)]));
  const clusters = without(input.clusters);
  return {
    ...input,
    clusters,
    roundTripMs: pairs(input.roundTripMs),
    dollarsPerGb: pairs(input.dollarsPerGb),
    services: mapped(input.services, (one) => ({
      ...one,
      replicas: without(one.replicas),
      slower: without(one.slower),
      maxShare: without(one.maxShare),
      allow: one.allow && {
        ...one.allow,
        ...(one.allow.clusters && { clusters: one.allow.clusters.filter((cluster) => cluster !== name) }),
      },
    })),
    classes: mapped(input.classes, (one) => {
      const rest = without(one.demand);
      const [moved, total] = [one.demand[name] ?? 0, sum(Object.values(rest))];
      const others = Object.keys(clusters);
      const demand = total > 0 ? rest : Object.fromEntries(others.map((cluster) => [cluster, 1 / others.length]));
      const factor = total > 0 ? 1 + moved / total : moved;
      return { ...one, demand: mapped(demand, (rate) => rate * factor) };
    }),
  };
}

/** What if there were more of it? `name` is a class, or a service, which stands for all classes that call it. */
export function scaledDemand(input: TopologyInput, { name, factor }: { name: string; factor: number }): TopologyInput {
  const calls = ({ root, calls: list }: TopologyInput['classes'][string]): boolean =>
    root === name || list.some(({ to }) => to === name);
  const isClass = Object.hasOwn(input.classes, name);
  const meant = Object.keys(input.classes).filter((one) =>
    isClass ? one === name : input.classes[one] !== undefined && calls(input.classes[one]),
  );
  if (meant.length === 0)
    refuse(
      'Invalid',
      `no class is called ${name}, and none calls a service of that name`,
      `name one of ${distinct([...Object.keys(input.classes), ...Object.keys(input.services)]).join(', ')}`,
    );
  return {
    ...input,
    classes: Object.fromEntries(
      Object.entries(input.classes).map(([key, one]) => [
        key,
        meant.includes(key) ? { ...one, demand: mapped(one.demand, (rate) => rate * factor) } : one,
      ]),
    ),
  };
}

const mapped = <A, B>(map: Readonly<Record<string, A>>, change: (one: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(map).map(([key, one]) => [key, change(one)]));

/** Why a plan is as it is: which limits bind, what one replica more is worth, and what the other ways cost. */
import { byName, sum } from '../values/share.ts';
import { SECONDS_PER_MONTH } from './evaluate.ts';
import type { TopologyModel } from './model.ts';
import type { Optimum } from './optimise.ts';
import { callCost, LEAST_RENT, rentOf } from './program.ts';

/** A cluster whose replicas of a service are planned as full as they may be. */
export interface BindingLimit {
  readonly service: string;
  readonly cluster: string;
  /** What holds it: the utilisation, or the service's maxShare. */
  readonly by: 'utilisation' | 'maxShare';
  /**
   * What room for one request/s more would save, in the objective's unit: dollars a month, or for latency alone
   * milliseconds of one request, for each request that it takes. 0: all other clusters are full as well, and cost more.
   */
  readonly worth: number;
}

/** Another cluster for the calls of a client cluster. */
export interface Alternative {
  readonly service: string;
  readonly client: string;
  readonly serving: string;
  /** By how much one call is worse there, with all that it calls: millionths of a dollar, or ms for latency alone. */
  readonly worse: number;
}

export const bindingLimits = (optimum: Optimum): BindingLimit[] => {
  const { program } = optimum;
  const { model, limits } = program;
  const n = model.clusters.length;
  return limits
    .flatMap(({ most, by }, at): BindingLimit[] => {
      const [service, cluster] = [Math.floor(at / n), at % n];
      const rent = rentOf(program, optimum.sitePrices, at);
      if (most <= 0 || (rent <= LEAST_RENT && optimum.isFull[service] !== true)) return [];
      return [{ ...named(model, service, cluster), by, worth: rent * unitOf(model) }];
    })
    .sort((a, b) => b.worth - a.worth || byName(a.service, b.service));
};

/** Millionths of a dollar per request are dollars a month per request/s; milliseconds stay what they are. */
const unitOf = ({ perMs, egressCounts }: TopologyModel): number =>
  perMs === 1 && egressCounts < 1 ? 1 : SECONDS_PER_MONTH / 1e6;

const named = (model: TopologyModel, service: number, cluster: number): { service: string; cluster: string } => ({
  service: model.services[service] ?? '',
  cluster: model.clusters[cluster] ?? '',
});

/** For each service and client cluster with calls: every place that may answer them, the best with 0 first. */
export function alternatives(optimum: Optimum): Alternative[] {
  const { model } = optimum.program;
  const n = model.clusters.length;
  const calls = new Map<number, number>();
  for (const { edge, from, rate } of optimum.flows)
    calls.set(edge * n + from, (calls.get(edge * n + from) ?? 0) + rate);
  return model.services.flatMap((service, s) =>
    model.clusters.flatMap((client, from) => {
      const edges = model.edges.flatMap(({ to }, edge) =>
        to === s && (calls.get(edge * n + from) ?? 0) > 1e-9 ? [edge] : [],
      );
      const total = sum(edges.map((edge) => calls.get(edge * n + from) ?? 0));
      return model.clusters
        .flatMap((serving, to): Alternative[] => {
          const worse = edges.map((edge) => {
            const here = (optimum.trees.served[edge * n + to] ?? Infinity) + callCost(model, { edge, from, to });
            return ((calls.get(edge * n + from) ?? 0) * (here - (optimum.trees.cost[edge * n + from] ?? 0))) / total;
          });
          const mean = sum(worse);
          return edges.length > 0 && Number.isFinite(mean) ? [{ service, client, serving, worse: mean }] : [];
        })
        .sort((a, b) => a.worse - b.worse || byName(a.serving, b.serving));
    }),
  );
}

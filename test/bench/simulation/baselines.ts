/** How others share calls out. Each sees what it would see in a mesh: its own rules, and never the planner's prices. */
import { sum } from '../../../core/values/share.ts';
import type { Demand } from '../../../core/topology/admit.ts';
import type { TopologyModel } from '../../../core/topology/model.ts';
import {
  evenShares,
  filledShares,
  localFirstShares,
  waterfallShares,
  type Filling,
} from '../../../core/topology/policies.ts';
import { namedShares, type TopologyShares } from '../../../core/topology/shares.ts';
import { simulate } from './simulate.ts';

export type Baseline = (
  model: TopologyModel,
  given: { readonly demand: Demand; readonly seed: number },
) => TopologyShares;

/** Google's spray to a region, and Meta's locality rings (ServiceRouter, OSDI'23): how far a ring reaches, round-trip ms. */
const regionMs = [20, Infinity];
const ringsMs = [2, 15, 40, Infinity];

export const baselines: Readonly<Record<string, Baseline>> = {
  even: (model) => evenShares(model),
  'local first': (model) => localFirstShares(model),
  'waterfall 70 %': (model, { demand }) => waterfallShares(model, { demand, full: 0.7 }),
  'waterfall 80 %': (model, { demand }) => waterfallShares(model, { demand, full: 0.8 }),
  spray: (model, { demand }) =>
    filledShares(model, { demand, fill: (one) => fillRings(model, one, { rings: regionMs, full: 0.8 }) }),
  rings: (model, { demand }) =>
    filledShares(model, { demand, fill: (one) => fillRings(model, one, { rings: ringsMs, full: 0.7 }) }),
  'L3-like': byLatency,
};

/** All clusters of a ring alike, by their room, until they are `full`; what finds no room anywhere stays in the first ring. */
function fillRings(
  model: TopologyModel,
  { service, calls }: Filling,
  { rings, full }: { readonly rings: readonly number[]; readonly full: number },
): number[][] {
  const n = model.clusters.length;
  const capacity = (model.sites[service] ?? []).map((site) => site.capacity);
  const room = capacity.map((one) => one * full);
  const rows = model.clusters.map(() => model.clusters.map(() => 0));
  const give = (from: number, rate: number, by: readonly number[]): void => {
    const whole = sum(by);
    by.forEach((part, to) => {
      const row = rows[from];
      if (row !== undefined && whole > 0) row[to] = (row[to] ?? 0) + (rate * part) / whole;
    });
  };
  const within = (from: number, ring: number): ((to: number) => boolean) => {
    const way = (to: number): number => model.roundTripMs[from * n + to] ?? Infinity;
    return (to) => way(to) <= (rings[ring] ?? Infinity) && (ring === 0 || way(to) > (rings[ring - 1] ?? -1));
  };
  // Nobody calls from there: the row still says where calls would go.
  const left = calls.map((rate) => (rate > 0 ? rate : 1e-9));
  rings.forEach((_, ring) => {
    left.forEach((rate, from) => {
      const open = room.map((one, to) => (within(from, ring)(to) ? one : 0));
      const taken = Math.min(rate, sum(open));
      give(from, taken, open);
      open.forEach((one, to) => (room[to] = (room[to] ?? 0) - (sum(open) > 0 ? (taken * one) / sum(open) : 0)));
      left[from] = rate - taken;
    });
  });
  left.forEach((rate, from) => {
    if (rate <= 0) return;
    const ring = rings.findIndex((_, at) => capacity.some((one, to) => one > 0 && within(from, at)(to)));
    give(
      from,
      rate,
      capacity.map((one, to) => (within(from, ring)(to) ? one : 0)),
    );
  });
  return rows;
}

const LOOKS = 6;

/**
 * Weights from the latency that clients see (after L3, Middleware'24): in inverse proportion to it, smoothed over several
 * looks of ten seconds, from an even start.
 */
function byLatency(
  model: TopologyModel,
  { demand, seed }: { readonly demand: Demand; readonly seed: number },
): TopologyShares {
  const n = model.clusters.length;
  let parts = model.sites.map((row) =>
    model.clusters.map(() => normal(row.map(({ capacity }) => (capacity > 0 ? 1 : 0)))),
  );
  for (let look = 0; look < LOOKS; look += 1) {
    const { siteMs } = simulate(model, {
      demand,
      shares: namedShares(model, parts),
      seed: seed + 100 + look,
      seconds: 10,
    });
    parts = parts.map((rows, service) =>
      rows.map((row, from) => {
        const wanted = normal(
          row.map((part, to) => {
            const idle = model.sites[service]?.[to]?.serviceMs ?? 0;
            const seen = siteMs[service * n + to] ?? NaN;
            const ms = (model.roundTripMs[from * n + to] ?? 0) + (Number.isNaN(seen) ? idle : seen);
            return part > 0 ? 1 / Math.max(ms, 0.1) : 0;
          }),
        );
        return row.map((part, to) => (part + (wanted[to] ?? 0)) / 2);
      }),
    );
  }
  return namedShares(model, parts);
}

const normal = (row: readonly number[]): number[] => row.map((one) => one / (sum(row) || 1));

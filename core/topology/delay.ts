/** How long a request takes at a loaded site, and the same as straight pieces for a linear program. */
import type { Site } from './model.ts';

/** Sakasegawa's formula for a queue with several servers, ms. Infinite at full load. */
export const timeAt = ({ capacity, serviceMs, servers }: Site, load: number): number => {
  if (load <= 0) return serviceMs;
  const busy = load / capacity;
  if (busy >= 1) return Infinity;
  return serviceMs * (1 + busy ** (Math.sqrt(2 * (servers + 1)) - 1) / (servers * (1 - busy)));
};

/** No replicas are planned fuller than this part of what they can serve: at all of it the time of a request has no end. */
export const MOST_UTILISATION = 0.95;

/** A piece of a site's load: requests/s that fit in it, and what each of them costs all others in time, ms. */
export interface Piece {
  readonly width: number;
  readonly slopeMs: number;
}

/** Ends of the pieces as parts of the planned utilisation: close together where the curve bends. */
const KNOTS = [0.3, 0.5, 0.64, 0.75, 0.83, 0.9, 0.95, 1];

/** Load times time is convex, so that cheaper pieces fill first. They end at `most` requests/s. */
export function piecesOf(site: Site, { most }: { readonly most: number }): Piece[] {
  if (most <= 0) return [];
  const total = (load: number): number => (load === 0 ? 0 : load * timeAt(site, load));
  return KNOTS.map((knot, at) => {
    const [from, to] = [(KNOTS[at - 1] ?? 0) * most, knot * most];
    return { width: to - from, slopeMs: (total(to) - total(from)) / (to - from) };
  });
}

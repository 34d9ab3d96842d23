/** Who takes the calls that a lost cluster has answered, by the room that each of the others has. Pure. */
import { sum } from '../values/share.ts';

/** Of one client: how many calls it has lost, and who may take them, the preferred ones first. */
export interface Homeless {
  readonly client: string;
  readonly perSecond: number;
  /** Whoever is in a later tier gets what those before have no room for. */
  readonly tiers: readonly (readonly string[])[];
}

export interface Survivor {
  /** What its ready pods answer, and what they are asked, calls a second. */
  readonly capacity: number;
  readonly load: number;
}

export interface Roomed {
  /** Calls a second that each client brings to each of them; they sum to what it has lost. */
  readonly taken: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** What is above the room of all of them, calls a second. It is given in proportion to their pods: to fail there is no worse than to fail for certain. */
  readonly shortBy: number;
}

export function roomFor(homeless: readonly Homeless[], survivors: Readonly<Record<string, Survivor>>): Roomed {
  const room = new Map(Object.entries(survivors).map(([name, one]) => [name, Math.max(0, one.capacity - one.load)]));
  const taken: Record<string, Record<string, number>> = {};
  let shortBy = 0;
  for (const { client, perSecond, tiers } of homeless) {
    const given: Record<string, number> = {};
    let left = perSecond;
    for (const tier of tiers) left -= take({ tier, left, room, given });
    taken[client] = given;
    if (left <= 0) continue;
    shortBy += left;
    const all = [...new Set(tiers.flat())];
    const pods = sum(all.map((name) => survivors[name]?.capacity ?? 0));
    for (const name of all) {
      const part = pods === 0 ? 1 / all.length : (survivors[name]?.capacity ?? 0) / pods;
      given[name] = (given[name] ?? 0) + left * part;
    }
  }
  return { taken, shortBy };
}

interface Taking {
  readonly tier: readonly string[];
  readonly left: number;
  readonly room: Map<string, number>;
  readonly given: Record<string, number>;
}

/** In proportion to the room of each. How much it was. */
function take({ tier, left, room, given }: Taking): number {
  const all = sum(tier.map((name) => room.get(name) ?? 0));
  if (all <= 0 || left <= 0) return 0;
  const part = Math.min(1, left / all);
  for (const name of tier) {
    const free = room.get(name) ?? 0;
    if (free === 0) continue;
    given[name] = (given[name] ?? 0) + free * part;
    room.set(name, free * (1 - part));
  }
  return all * part;
}

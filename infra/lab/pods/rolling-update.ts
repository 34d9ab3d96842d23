/**
 * How a Deployment's replicas are spread over its ReplicaSets: Kubernetes' rolling update as a pure function.
 * One call gives the next wanted sizes; it is called again after every change until it asks for nothing new.
 */
export interface SetSize {
  readonly name: string;
  readonly replicas: number;
  readonly available: number;
}

export interface RolloutLimits {
  readonly desired: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
  readonly recreate: boolean;
}

export interface WantedSizes {
  readonly current: number;
  readonly old: ReadonlyMap<string, number>;
}

export function nextSizes(
  limits: RolloutLimits,
  current: SetSize,
  old: readonly SetSize[],
  podsOfOld: number,
): WantedSizes {
  const oldTotal = sum(old.map(({ replicas }) => replicas));
  if (limits.recreate) {
    const cleared = oldTotal === 0 && podsOfOld === 0;
    return { current: cleared ? limits.desired : current.replicas, old: new Map(old.map(({ name }) => [name, 0])) };
  }
  return { current: grown(limits, current, oldTotal), old: shrunk(limits, current, old) };
}

function grown(limits: RolloutLimits, current: SetSize, oldTotal: number): number {
  if (current.replicas >= limits.desired) return limits.desired;
  const room = limits.desired + limits.maxSurge - (current.replicas + oldTotal);
  return Math.min(limits.desired, current.replicas + Math.max(0, room));
}

function shrunk(limits: RolloutLimits, current: SetSize, old: readonly SetSize[]): Map<string, number> {
  const sizes = new Map(old.map(({ name, replicas }) => [name, replicas]));
  const minAvailable = limits.desired - limits.maxUnavailable;
  const total = current.replicas + sum(old.map(({ replicas }) => replicas));
  let removable = total - minAvailable - Math.max(0, current.replicas - current.available);
  // Pods that serve nobody go first.
  for (const set of old) {
    const unhealthy = Math.min(Math.max(0, set.replicas - set.available), Math.max(0, removable));
    sizes.set(set.name, set.replicas - unhealthy);
    removable -= unhealthy;
  }
  let spare = Math.min(removable, current.available + sum(old.map(({ available }) => available)) - minAvailable);
  for (const set of old) {
    const held = sizes.get(set.name) ?? 0;
    const cut = Math.min(held, Math.max(0, spare));
    sizes.set(set.name, held - cut);
    spare -= cut;
  }
  return sizes;
}

/** `25%` of the desired replicas: surge rounds up, unavailable rounds down; both zero means one unavailable. */
export function rolloutLimits(
  desired: number,
  strategy: { type?: string; rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string } } = {},
): RolloutLimits {
  const { maxSurge = '25%', maxUnavailable = '25%' } = strategy.rollingUpdate ?? {};
  const surge = resolve(maxSurge, desired, Math.ceil);
  const unavailable = resolve(maxUnavailable, desired, Math.floor);
  return {
    desired,
    maxSurge: surge,
    maxUnavailable: surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, desired),
    recreate: strategy.type === 'Recreate',
  };
}

function resolve(value: number | string, of: number, round: (value: number) => number): number {
  return typeof value === 'number' ? value : round((Number.parseFloat(value) / 100) * of);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Plans over many clusters, each of which answers its own calls: what histories and payloads grow with. */
import type { Plan, PlannedStep } from '../../core/rollout/plan/plan.ts';
import { WHOLE } from '../../core/values/share.ts';
import { testPlan } from './plans.ts';

export const fleetNames = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `aws-us-east-1-prod-${String(i + 1).padStart(3, '0')}`);

/** A tenth of the clusters first, then the rest; 5 steps each. */
export function fleetPlan(count: number, change: Partial<Plan> = {}): Plan {
  const names = fleetNames(count);
  const canary = Math.ceil(count / 10);
  const each = <T>(value: (name: string) => T): Record<string, T> =>
    Object.fromEntries(names.map((name) => [name, value(name)]));
  const split = (serving: readonly string[], share: number) =>
    Object.fromEntries(serving.map((name) => [name, { v1: WHOLE - share, v2: share }]));
  const wave = (name: string, serving: readonly string[]) => ({
    name,
    serving,
    clients: serving,
    skipped: [],
    enter: split(serving, 0),
    steps: [50_000, 100_000, 250_000, 500_000, WHOLE].map((share): PlannedStep => ({
      share,
      bakeMs: 1_000,
      approve: false,
      versions: split(serving, share),
    })),
  });
  return {
    ...testPlan({ service: `fleet-${String(count)}` }),
    replaces: each(() => 'v1'),
    sources: each(() => ({ deployment: 'checkout-v1', image: 'registry.example.com/shop/checkout:v2' })),
    routes: each((name) => [name]),
    clusters: each((name) => ({ name })),
    owners: each(() => ({ epoch: 1_764_278_400_000, run: '01234567-89ab-cdef-0123-456789abcdef' })),
    seen: each(() => 1_764_278_400_000),
    waves: [wave('canary', names.slice(0, canary)), wave('rest', names.slice(canary))],
    ...change,
  };
}

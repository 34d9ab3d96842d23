/** Meshes at random, the same for the same seed: places on a map, services with replicas, classes with call trees. */
import type { TopologyInput } from '../../../core/topology/model.ts';
import { randomFrom } from '../../support/simulated-bakes.ts';

export interface MeshSize {
  readonly clusters: number;
  readonly services: number;
  readonly classes: number;
}

const clouds = ['aws', 'gcp', 'azure'] as const;
const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}${i}`);

interface MeshDraw {
  readonly seed: number;
  /** Demand as a part of what all clusters together may serve of the most loaded service. */
  readonly load?: number;
  /** Replicas that serve a whole number of requests at a time, as a simulation needs them. */
  readonly whole?: boolean;
}

export function randomMesh(
  { clusters, services, classes }: MeshSize,
  { seed, load = 0.6, whole = false }: MeshDraw,
): TopologyInput {
  const random = randomFrom(seed);
  const between = (from: number, to: number): number => from + random() * (to - from);
  const [clusterNames, serviceNames] = [numbered('c', clusters), numbered('s', services)];
  const places = clusterNames.map(() => [random() * 100, random() * 100] as const);
  const distance = (a: number, b: number): number => {
    const [[ax, ay], [bx, by]] = [places[a] ?? [0, 0], places[b] ?? [0, 0]];
    return 2 + Math.hypot(ax - bx, ay - by);
  };
  const classInputs = Object.fromEntries(
    numbered('k', classes).map((name, at) => [
      name,
      {
        tier: 1 + (at % 2),
        root: serviceNames[0] ?? '',
        requestBytes: 500,
        responseBytes: 20_000,
        calls: serviceNames.slice(1).map((to, index) => ({
          from: serviceNames[Math.floor(random() * Math.min(index + 1, 6))] ?? '',
          to,
          times: between(0.2, 1.5),
          requestBytes: between(200, 2_000),
          responseBytes: between(500, 50_000),
        })),
        demand: Object.fromEntries(clusterNames.map((cluster) => [cluster, between(5, 100)])),
      },
    ]),
  );
  const calls = callsPerService(classInputs, serviceNames);
  const utilisation = 0.7;
  const serviceInputs = serviceNames.map((name, at) => {
    const [drawn, serviceMs] = [between(20, 200), between(1, 20)];
    const rate = whole ? (Math.ceil(drawn / 50) * 1_000) / serviceMs : drawn;
    const needed = (calls[at] ?? 0) / load / utilisation;
    const parts = clusterNames.map(() => between(0.2, 1));
    const all = parts.reduce((total, part) => total + part, 0);
    const replicas = parts.map((part) => Math.max(1, Math.ceil((part / all) * (needed / rate))));
    return [
      name,
      {
        serviceMs,
        ratePerReplica: rate,
        replicas: Object.fromEntries(clusterNames.map((cluster, i) => [cluster, replicas[i] ?? 1])),
        slower: {},
        maxShare: {},
      },
    ] as const;
  });
  return {
    clusters: Object.fromEntries(
      clusterNames.map((name, i) => [name, { cloud: clouds[i % 3] ?? 'aws', region: name }]),
    ),
    objective: 'balanced',
    dollarsPerMillionMs: 0.05,
    utilisation,
    warm: 0,
    roundTripMs: Object.fromEntries(
      clusterNames.map((from, i) => [
        from,
        Object.fromEntries(clusterNames.slice(i + 1).map((to, k) => [to, distance(i, i + 1 + k)])),
      ]),
    ),
    dollarsPerGb: {},
    services: Object.fromEntries(serviceInputs),
    classes: classInputs,
  };
}

/** Requests/s of each service; calls point from lower to higher numbers, so that one pass is enough. */
function callsPerService(classes: TopologyInput['classes'], services: readonly string[]): number[] {
  const totals = services.map(() => 0);
  for (const { root, calls, demand } of Object.values(classes)) {
    const served = new Map([[root, Object.values(demand).reduce((total, one) => total + one, 0)]]);
    for (const service of services)
      for (const { to, times } of calls.filter(({ from }) => from === service))
        served.set(to, (served.get(to) ?? 0) + (served.get(service) ?? 0) * times);
    services.forEach((service, at) => (totals[at] = (totals[at] ?? 0) + (served.get(service) ?? 0)));
  }
  return totals;
}

/** Meshes in which papers report their gains, and ours beside: built after what they tell, with our simulator. */
import { sum } from '../../../core/values/share.ts';
import { admit, losses } from '../../../core/topology/admit.ts';
import { topologyModel, type CallInput, type TopologyInput } from '../../../core/topology/model.ts';
import { planTopology } from '../../../core/topology/plan.ts';
import { waterfallShares } from '../../../core/topology/policies.ts';
import { withHighs } from '../../../platform/solver/highs.ts';
import type { Bench, Measure } from '../bench.ts';
import { baselines, type Baseline } from './baselines.ts';
import { simulate, type Simulated } from './simulate.ts';

const SECONDS = 30;

export const regimesBench: Bench = {
  name: 'regimes',
  about: 'the gains that SLATE, L3 and UFA report, in meshes built after theirs',
  repeats: 5,
  run: async ({ repeats, report, signal }) => {
    const measures: Measure[] = [];
    for (const { input, against, rows } of regimes) {
      const days: { own: Simulated; other: Simulated }[] = [];
      for (let seed = 1; seed <= repeats && !signal.aborted; seed += 1) days.push(await dayOf(input, against, seed));
      for (const { what, of } of rows)
        measures.push({ what, unit: '×', values: days.map(({ own, other }) => of(other) / of(own)) });
      report(rows.map(({ what }) => what).join('; '));
    }
    measures.push({
      what: 'UFA: capacity that two regions need so that tier 1 survives the loss of one, by demand (UFA 2.0 → 1.3)',
      unit: '×',
      values: [leastCapacity(0.65)],
    });
    measures.push({ what: 'UFA: the same with all demand in tier 1', unit: '×', values: [leastCapacity(1)] });
    return {
      title: 'Regimes of the papers',
      settings: { 'a repeat': `another day of ${SECONDS} s, the same for both ways` },
      measures,
      notes: [
        'What papers report is “up to”, on their machines and traces: compare the direction, not the digits. A ratio is the other way / the planner.',
        'SLATE: Oregon, Salt Lake City, Iowa and South Carolina, Oregon and Salt Lake City asked for more than they can do; against a waterfall that believes in 95 % and in 80 % of capacity. Egress: frontend → MP → DB, where the answer of the DB is 12 times as large as that of MP, and the DB is missing in Oregon: a waterfall sends calls over only where it must.',
        'L3: three clusters, one of them with 1.6 times the service time; p99 against even weights (round robin).',
        'Replicas come in fractions: where a cluster needs less than one server of a service, that one holds a call for longer, for all ways alike. Times at overload grow with the length of the day.',
        'UFA: 65 % of the demand in tier 1, which is what 1.3 means for two regions; losses() of the planner decides, in steps of 0.01.',
      ],
    };
  },
};

interface Regime {
  readonly input: TopologyInput;
  readonly against: Baseline;
  readonly rows: readonly { readonly what: string; readonly of: (day: Simulated) => number }[];
}

async function dayOf(
  input: TopologyInput,
  against: Baseline,
  seed: number,
): Promise<{ own: Simulated; other: Simulated }> {
  const model = topologyModel(input);
  const { demand } = admit(
    model,
    model.classes.map((one) => one.demand),
  );
  const { shares } = await withHighs((solver) => planTopology(input, solver));
  const day = { demand, seed, seconds: SECONDS };
  return {
    own: simulate(model, { ...day, shares }),
    other: simulate(model, { ...day, shares: against(model, { demand, seed }) }),
  };
}

const call = (from: string, to: string, times: number, responseBytes = 2_000): CallInput => ({
  ...{ from, to, times, requestBytes: 500, responseBytes },
});

/** Online Boutique, as far as its calls go: who calls whom, and how often for a page. */
const boutique = {
  ms: {
    frontend: 5,
    adservice: 3,
    cartservice: 3,
    checkoutservice: 8,
    currencyservice: 2,
    emailservice: 3,
    paymentservice: 5,
    productcatalogservice: 3,
    recommendationservice: 6,
    shippingservice: 3,
  },
  calls: [
    ...[call('frontend', 'currencyservice', 1), call('frontend', 'productcatalogservice', 2)],
    ...[call('frontend', 'cartservice', 1), call('frontend', 'recommendationservice', 0.6)],
    ...[call('frontend', 'adservice', 0.6), call('frontend', 'shippingservice', 0.3)],
    ...[call('frontend', 'checkoutservice', 0.1), call('recommendationservice', 'productcatalogservice', 1)],
    ...[call('checkoutservice', 'cartservice', 1), call('checkoutservice', 'productcatalogservice', 1)],
    ...[call('checkoutservice', 'currencyservice', 1), call('checkoutservice', 'shippingservice', 2)],
    ...[call('checkoutservice', 'paymentservice', 1), call('checkoutservice', 'emailservice', 1)],
  ],
};

const regions = {
  oregon: { cloud: 'gcp', region: 'us-west1' },
  utah: { cloud: 'gcp', region: 'us-west3' },
  iowa: { cloud: 'gcp', region: 'us-central1' },
  carolina: { cloud: 'gcp', region: 'us-east1' },
};
const ways = { oregon: { utah: 30, iowa: 37, carolina: 67 }, utah: { iowa: 22, carolina: 50 }, iowa: { carolina: 33 } };

interface Sketch {
  readonly ms: Readonly<Record<string, number>>;
  readonly calls: readonly CallInput[];
  readonly root: string;
  readonly demand: Readonly<Record<string, number>>;
  /** Requests/s that each cluster can do of the root, and of every other service in proportion. */
  readonly able: number;
  /** Services that a cluster has no replica of. */
  readonly missing?: Readonly<Record<string, string>>;
}

/** Replicas of a service serve four requests at a time; each cluster has as many as `able` requests need. */
function meshOf({ ms, calls, root, demand, able, missing = {} }: Sketch): Pick<TopologyInput, 'services' | 'classes'> {
  const perRequest = (service: string): number =>
    service === root ? 1 : sum(calls.filter(({ to }) => to === service).map((one) => one.times * perRequest(one.from)));
  const services = Object.entries(ms).map(([name, serviceMs]) => {
    const ratePerReplica = 4_000 / serviceMs;
    const count = (able * perRequest(name)) / ratePerReplica;
    const replicas = Object.keys(demand).map((cluster) => [cluster, missing[name] === cluster ? 0 : count] as const);
    return [
      name,
      { serviceMs, ratePerReplica, replicas: Object.fromEntries(replicas), slower: {}, maxShare: {} },
    ] as const;
  });
  const page = { tier: 1, root, requestBytes: 500, responseBytes: 1_000, calls, demand };
  return { services: Object.fromEntries(services), classes: { page } };
}

const shared = {
  objective: 'balanced',
  dollarsPerMillionMs: 0.05,
  utilisation: 0.8,
  warm: 0,
  dollarsPerGb: {},
} as const;

const overloaded: TopologyInput = {
  ...{ ...shared, clusters: regions, roundTripMs: ways },
  ...meshOf({
    ...{ ...boutique, root: 'frontend', able: 500 },
    demand: { oregon: 640, utah: 560, iowa: 120, carolina: 100 },
  }),
};

const heavy: TopologyInput = {
  ...{ ...shared, clusters: regions, roundTripMs: ways },
  ...meshOf({
    ...{ ms: { frontend: 5, mp: 8, db: 4 }, root: 'frontend', able: 500, missing: { db: 'oregon' } },
    calls: [call('frontend', 'mp', 1, 1_000), call('mp', 'db', 1, 12_000)],
    demand: { oregon: 150, utah: 100, iowa: 100, carolina: 100 },
  }),
};

const near = { cloud: 'aws', region: 'eu-central-1' };
const lopsidedMesh = meshOf({
  ...{ ms: { web: 10 }, root: 'web', calls: [], able: 300, demand: { a: 150, b: 150, c: 150 } },
});
const lopsided: TopologyInput = {
  ...{ ...shared, ...lopsidedMesh, clusters: { a: near, b: near, c: near } },
  roundTripMs: { a: { b: 2, c: 2 }, b: { c: 2 } },
  services: Object.fromEntries(
    Object.entries(lopsidedMesh.services).map(([name, one]) => [name, { ...one, slower: { c: 1.6 } }]),
  ),
};

const waterfall =
  (full: number): Baseline =>
  (model, { demand }) =>
    waterfallShares(model, { demand, full });
const meanMs = (day: Simulated): number => day.meanMs;
const p99Ms = (day: Simulated): number => day.p99Ms;
const egress = (day: Simulated): number => day.egressDollarsPerMonth;

const regimes: readonly Regime[] = [
  {
    ...{ input: overloaded, against: waterfall(0.95) },
    rows: [
      { what: 'SLATE: mean latency, waterfall at 95 % / planner (up to 18.3; HotNets 3.5)', of: meanMs },
      { what: 'SLATE: p99 latency, the same', of: p99Ms },
    ],
  },
  {
    ...{ input: overloaded, against: waterfall(0.8) },
    rows: [
      { what: 'SLATE: mean latency, waterfall at 80 % / planner', of: meanMs },
      { what: 'SLATE: egress, the same', of: egress },
    ],
  },
  {
    ...{ input: heavy, against: waterfall(0.8) },
    rows: [
      { what: 'SLATE: egress where one cluster has no DB, waterfall / planner (2.64; HotNets 11.6)', of: egress },
      { what: 'SLATE: mean latency, the same', of: meanMs },
    ],
  },
  {
    ...{ input: lopsided, against: baselines['even'] ?? waterfall(0.8) },
    rows: [{ what: 'L3: p99, round robin / planner (L3: 1.35, which is 26 % less)', of: p99Ms }],
  },
  {
    ...{ input: lopsided, against: baselines['L3-like'] ?? waterfall(0.8) },
    rows: [{ what: 'L3: p99, L3-like / planner', of: p99Ms }],
  },
];

/** By demand, in steps of 0.01: with less, losses() finds that tier 1 does not fit without one of the regions. */
function leastCapacity(tierOne: number): number {
  for (let capacity = 1; ; capacity = Math.round(capacity * 100 + 1) / 100) {
    const ofTier = (tier: number, rate: number): TopologyInput['classes'][string] => ({
      ...{ tier, root: 'web', requestBytes: 0, responseBytes: 0, calls: [], demand: { a: rate / 2, b: rate / 2 } },
    });
    const web = { serviceMs: 10, ratePerReplica: 1, replicas: { a: capacity * 500, b: capacity * 500 } };
    const input: TopologyInput = {
      ...{ ...shared, utilisation: 1, clusters: { a: near, b: near }, roundTripMs: { a: { b: 2 } } },
      services: { web: { ...web, slower: {}, maxShare: {} } },
      classes: { first: ofTier(1, 1_000 * tierOne), second: ofTier(2, 1_000 * (1 - tierOne)) },
    };
    if (losses(topologyModel(input)).every(({ shortfalls }) => shortfalls.length === 0)) return capacity;
  }
}

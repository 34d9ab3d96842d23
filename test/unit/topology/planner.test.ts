/** Plans of meshes that can be solved by hand, and rules that hold for all. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTopologyInput } from '../../../core/config/topology/read-input.ts';
import { topologyModel, type TopologyInput } from '../../../core/topology/model.ts';
import { scaledDemand, withoutCluster } from '../../../core/topology/plan.ts';
import { admit, loadsOf } from '../../../core/topology/admit.ts';
import { dollarsPerGb } from '../../../core/topology/prices.ts';
import { optimise } from '../../../core/topology/optimise.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { topologyPlanText } from '../../../core/view/topology-text.ts';
import { topologySvg } from '../../../core/view/topology-svg.ts';
import { randomMesh } from '../../bench/topology/random-mesh.ts';
import { LONG_MS, pair, root, service, usePlanner } from './pair.ts';

const { plan, solver } = usePlanner();

async function refusal(input: TopologyInput): Promise<TidegateError> {
  const error: unknown = await plan(input).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TidegateError)) throw new Error(`no refusal but ${String(error)}`);
  return error;
}

describe('the planner', () => {
  it(
    'leaves calls at home while there is room, because a way of 50 ms gains nothing',
    async () => {
      const { shares } = await plan(pair({ a: 100, b: 20 }));
      expect(shares).toEqual({ web: { a: { a: 1_000_000 }, b: { b: 1_000_000 } } });
    },
    LONG_MS,
  );

  it(
    'spills exactly what is above the utilisation, and says that the limit binds',
    async () => {
      const { shares, binding, figures } = await plan(pair({ a: 200, b: 20 }));
      expect(shares['web']?.['a']).toEqual({ a: 700_000, b: 300_000 });
      expect(binding).toMatchObject([{ service: 'web', cluster: 'a', by: 'utilisation' }]);
      // 50 ms of way saved, but a request more costs 34.85 ms more in a's queue at 70 % than in b's at 40 %.
      expect(binding[0]?.worth).toBeCloseTo(15.15, 2);
      expect(figures.above).toEqual([]);
    },
    LONG_MS,
  );

  it(
    'weighs egress when money counts: the price of a way keeps calls from it until the limit',
    async () => {
      const dear = { objective: 'cost', dollarsPerGb: { a: { b: 1 }, b: { a: 1 } } } as const;
      const classes = { all: { ...root, responseBytes: 1e6, demand: { a: 200 } } };
      const { figures, shares } = await plan(pair({}, { ...dear, classes }));
      expect(shares['web']?.['a']).toEqual({ a: 700_000, b: 300_000 });
      // 60 calls/s × 1 MB × $1/GB × 2 628 000 s.
      expect(figures.egressDollarsPerMonth).toBeCloseTo(60 * 1e-3 * 2_628_000, 0);
    },
    LONG_MS,
  );

  it(
    'moves a caller to its callee: both hops count, so the cheaper cut of the tree is crossed',
    async () => {
      const classes = {
        all: {
          ...root,
          demand: { a: 50 },
          calls: [{ from: 'web', to: 'db', times: 10, requestBytes: 0, responseBytes: 0 }],
        },
      };
      const services = { web: { ...service, replicas: { a: 2, b: 2 } }, db: { ...service, replicas: { b: 20 } } };
      const { shares } = await plan(pair({}, { classes, services }));
      const away = { a: { b: 1_000_000 }, b: { b: 1_000_000 } };
      expect(shares).toEqual({ web: away, db: away });
    },
    LONG_MS,
  );

  it(
    'keeps calls where residency has them, however far',
    async () => {
      const services = { web: { ...service, replicas: { a: 2, b: 2 }, allow: { clusters: ['b'] } } };
      const { shares } = await plan(pair({ a: 100 }, { services }));
      expect(shares['web']?.['a']).toEqual({ b: 1_000_000 });
    },
    LONG_MS,
  );

  it(
    'gives every cluster its warm share, and no cluster more than its largest',
    async () => {
      const warm = await plan(pair({ a: 100 }, { warm: 0.05 }));
      expect(warm.shares['web']?.['a']).toEqual({ a: 950_000, b: 50_000 });
      const most = { web: { ...service, replicas: { a: 2, b: 2 }, maxShare: { a: 0.6 } } };
      const { shares, binding } = await plan(pair({ a: 100 }, { services: most }));
      expect(shares['web']?.['a']).toEqual({ a: 600_000, b: 400_000 });
      expect(binding).toMatchObject([{ cluster: 'a', by: 'maxShare' }]);
    },
    LONG_MS,
  );

  it(
    'sheds the higher tier first, now and when a cluster is lost',
    async () => {
      const classes = { buy: { ...root, demand: { a: 100 } }, browse: { ...root, tier: 2, demand: { a: 240 } } };
      const { served, losses } = await plan(pair({}, { classes }));
      expect(served).toEqual({ buy: 1, browse: expect.closeTo(180 / 240, 6) });
      expect(losses.map(({ served: left }) => left)).toEqual(
        Array.from({ length: 2 }, () => ({ 1: 1, 2: expect.closeTo(40 / 240, 6) })),
      );
    },
    LONG_MS,
  );

  it(
    'says which cluster tier 1 would not survive, and what lacks',
    async () => {
      const { losses } = await plan(pair({ a: 100, b: 100 }));
      expect(losses[0]).toMatchObject({ cluster: 'a', shortfalls: [{ service: 'web', load: 200, room: 140 }] });
    },
    LONG_MS,
  );

  it(
    'plans shares = endpoints × capacity at full load, for any split over zones (istio#56355)',
    async () => {
      const split = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 });
      await fc.assert(
        fc.asyncProperty(split, split, async (left, right) => {
          const zones = (counts: readonly number[]): Record<string, number> =>
            Object.fromEntries([...counts, 1].map((count, at) => [`z${at}`, count]));
          const total = (counts: readonly number[]): number => counts.reduce((whole, one) => whole + one, 1);
          const services = { web: { ...service, replicas: { a: zones(left), b: zones(right) } } };
          const demand = { a: (total(left) + total(right)) * 70 };
          const { shares } = await plan(pair(demand, { services }));
          const expected = total(left) / (total(left) + total(right));
          expect((shares['web']?.['a']?.['a'] ?? 0) / 1e6).toBeCloseTo(expected, 5);
        }),
        { numRuns: 15 },
      );
    },
    LONG_MS,
  );

  it(
    'conserves flow, keeps every limit and closes its gap on meshes at random',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 1_000 }), async (seed) => {
          const model = topologyModel(randomMesh({ clusters: 4, services: 5, classes: 3 }, { seed, load: 0.8 }));
          const { demand } = admit(
            model,
            model.classes.map((one) => one.demand),
          );
          const loads = loadsOf(model, demand);
          const { flows, gap, program } = await optimise(model, { demand, loads, solver });
          const rate = (edge: number, side: 'from' | 'to', at: number): number =>
            flows.reduce((sum, flow) => (flow.edge === edge && flow[side] === at ? sum + flow.rate : sum), 0);
          expect(gap).toBeLessThan(1e-3);
          model.edges.forEach(({ children, to }, edge) =>
            model.clusters.forEach((_, at) => {
              for (const child of children)
                expect(rate(child, 'from', at)).toBeCloseTo(rate(edge, 'to', at) * (model.edges[child]?.times ?? 0), 5);
              expect(rate(edge, 'to', at)).toBeLessThanOrEqual((program.limits[to * 4 + at]?.most ?? 0) + 1e-6);
            }),
          );
        }),
        { numRuns: 10 },
      );
    },
    LONG_MS,
  );
});

describe('list prices', () => {
  it('bill a GB between zones of AWS twice, where it leaves and where it comes in', () => {
    const zone = { cloud: 'aws', region: 'us-east-1' };
    expect(dollarsPerGb(zone, zone)).toBe(0.02);
    expect(dollarsPerGb({ ...zone, cloud: 'gcp' }, { ...zone, cloud: 'gcp' })).toBe(0.01);
  });
});

describe('what cannot be planned is refused with its reason and a remedy', () => {
  it(
    'names limits that clash, and the smallest change of each kind that is enough',
    async () => {
      const error = await refusal(pair({ a: 300 }));
      expect(error.message).toContain('web is asked 300/s and its limits hold 280/s (utilisation 70 % of 200/s in a');
      expect(error.fix).toBe(
        'for web: 1 more ready replica of web in a, or utilisation 75 %, or demand of web lower by 20/s',
      );
      expect((await refusal(pair({ a: 390 }))).fix).not.toContain('utilisation');
    },
    LONG_MS,
  );

  it(
    'offers to open a cluster that residency closes, when that is enough',
    async () => {
      const services = { web: { ...service, replicas: { a: 2, b: 2 }, allow: { clusters: ['b'] } } };
      const error = await refusal(pair({ a: 200 }, { services }));
      expect(error.message).toContain('a is not allowed to answer it');
      expect(error.fix).toContain('allow a to answer web');
      const slow = { web: { ...services.web, slower: { a: 3 } } };
      expect((await refusal(pair({ a: 200 }, { services: slow }))).fix).not.toContain('allow a');
      const little = { web: { ...services.web, maxShare: { a: 0.1 } } };
      expect((await refusal(pair({ a: 200 }, { services: little }))).fix).not.toContain('allow a');
    },
    LONG_MS,
  );

  it(
    'refuses circles, unknown names, no demand, one cluster, a missing time and an unknown price',
    async () => {
      const call = { requestBytes: 0, responseBytes: 0, times: 1 };
      const services = { web: { ...service, replicas: { a: 2 } }, db: { ...service, replicas: { a: 2 } } };
      const calls = [
        { ...call, from: 'web', to: 'db' },
        { ...call, from: 'db', to: 'web' },
      ];
      const circle = pair({}, { services, classes: { all: { ...root, calls, demand: { a: 1 } } } });
      expect((await refusal(circle)).message).toContain('web → db → web');
      expect((await refusal(pair({ c: 1 }))).message).toContain('unknown clusters: c (in classes.all.demand)');
      expect((await refusal(pair({ a: 0 }))).message).toContain('demand of all classes is 0');
      expect((await refusal(withoutCluster(pair({ a: 1 }), 'b'))).message).toContain('with one cluster');
      expect((await refusal(pair({ a: 1 }, { roundTripMs: {} }))).message).toContain('between a and b');
      const clusters = { a: { cloud: 'moon', region: 'a' }, b: { cloud: 'onprem', region: 'b' } };
      expect((await refusal(pair({ a: 1 }, { clusters }))).message).toContain('no price from a to b');
    },
    LONG_MS,
  );
});

describe('an input file', () => {
  const path = join(import.meta.dirname, '../../../docs/examples/topology/topology-input.yaml');
  const text = readFileSync(path, 'utf8');

  it(
    'is planned as the example is, with text that can be applied and a picture',
    async () => {
      const made = await plan(readTopologyInput({ path, text }));
      expect(topologyPlanText(made)).toMatch(/tidegate topology apply checkout\n {2}topology:\n {4}aws-us-east-1: \{/);
      expect(made.figures.above).toEqual([]);
      expect(topologySvg(made.clusters, made.shares)).toContain('<title>onprem-fra1 from onprem-fra1: ');
    },
    LONG_MS,
  );

  it(
    'names the line of a negative price',
    () => {
      const wrong = `${text}dollarsPerGb:\n  aws-us-east-1: { onprem-fra1: -1 }\n`;
      expect(() => readTopologyInput({ path: 'in.yaml', text: wrong })).toThrow(
        /in\.yaml:\d+: dollarsPerGb.*onprem-fra1/,
      );
    },
    LONG_MS,
  );

  it.each([
    ['utilisation: 70', 'utilisation: 100', /utilisation.*95/],
    ['utilisation: 70', 'warm: 0.05', /warm/],
  ])('takes no number that ends a plan: %s as %s', (written, wrong, message) => {
    expect(() => readTopologyInput({ path: 'in.yaml', text: text.replace(written, wrong) })).toThrow(message);
  });

  it(
    'answers what-ifs: more demand for a service counts for every class that calls it',
    async () => {
      const input = readTopologyInput({ path, text });
      const more = scaledDemand(input, { name: 'checkout', factor: 1.4 });
      expect(more.classes['buy']?.demand['onprem-fra1']).toBeCloseTo(126, 9);
      expect(more.classes['browse']).toEqual(input.classes['browse']);
      const without = await plan(withoutCluster(input, 'aws-us-east-1'));
      expect(without.clusters).toEqual(['gcp-europe-west1', 'onprem-fra1']);
    },
    LONG_MS,
  );
});

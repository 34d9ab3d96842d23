/** Plans lose no call and keep every limit, whatever classes, tiers and services without a use there are. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { topologyModel, type ServiceInput, type TopologyInput } from '../../../core/topology/model.ts';
import { admit } from '../../../core/topology/admit.ts';
import { evaluate } from '../../../core/topology/evaluate.ts';
import { topologyExplanation, topologyPlanText } from '../../../core/view/topology-text.ts';
import { randomMesh } from '../../bench/topology/random-mesh.ts';
import { call, LONG_MS, pair, root, service, usePlanner } from './pair.ts';

const { plan } = usePlanner();
const web = { ...service, replicas: { a: 2, b: 2 } };

/** x of a calls db ten times; y of b calls it `times` times: how often web calls depends on whose requests it serves. */
const twoClasses = (db: Partial<ServiceInput>, times = 0.1): TopologyInput =>
  pair(
    {},
    {
      services: { web, db: { ...service, replicas: { a: 10, b: 10 }, ...db } },
      classes: {
        x: { ...root, demand: { a: 50 }, calls: [{ ...call, from: 'web', to: 'db', times: 10 }] },
        y: { ...root, demand: { b: 20 }, calls: times > 0 ? [{ ...call, from: 'web', to: 'db', times }] : [] },
      },
    },
  );
const home = { a: { a: 1_000_000 }, b: { b: 1_000_000 } };

describe('calls of classes that are served in one place', () => {
  it(
    'are all counted: a move that would only lose calls gains nothing',
    async () => {
      const made = await plan(twoClasses({}, 0));
      expect(made.shares).toEqual({ web: home, db: home });
      expect(made.figures.meanMs).toBeCloseTo(83.2, 1);
    },
    LONG_MS,
  );

  it('refuse to be evaluated where nobody answers them', () => {
    const model = topologyModel(twoClasses({}));
    const demand = model.classes.map((one) => one.demand);
    expect(() => evaluate(model, { demand, shares: { web: home, db: { b: { b: 1_000_000 } } } })).toThrow(
      'db is called from a without shares',
    );
  });

  it.each([
    ['half of the replicas', { replicas: { a: 4, b: 4 } }],
    ['one cluster that holds them all', { replicas: { a: 6, b: 6 } }],
    ['a largest share', { replicas: { a: 20, b: 20 }, maxShare: { a: 0.6 } }],
  ])(
    'keep every limit with %s',
    async (_, db) => {
      const { figures } = await plan(twoClasses(db));
      expect(figures.above).toEqual([]);
      for (const { load, most } of figures.sites) expect(load).toBeLessThanOrEqual(most * 1.01);
    },
    LONG_MS,
  );

  it(
    'keep every limit on full meshes at random, and are answered from everywhere',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 1_000 }), async (seed) => {
          const made = await plan(randomMesh({ clusters: 4, services: 5, classes: 4 }, { seed, load: 0.9 }));
          expect(made.figures.above).toEqual([]);
          for (const clients of Object.values(made.shares)) expect(Object.keys(clients)).toEqual(made.clusters);
        }),
        { numRuns: 8 },
      );
    },
    LONG_MS,
  );

  it(
    'say so where others go beyond a limit',
    async () => {
      const made = await plan(twoClasses({ replicas: { a: 20, b: 20 }, maxShare: { a: 0.6 } }));
      expect(topologyPlanText(made)).toMatch(/local first .* above a limit: db in a 500\.0\/s of 301\.2\/s/);
    },
    LONG_MS,
  );
});

describe('a tier that does not fit whole', () => {
  const tips = [{ ...call, from: 'web', to: 'recs' }];
  const narrow = pair(
    {},
    {
      services: { web, recs: { ...service, ratePerReplica: 1, replicas: { a: 1 } } },
      classes: {
        buy: { ...root, demand: { a: 50 } },
        browse: { ...root, tier: 2, demand: { a: 50 } },
        tips: { ...root, tier: 2, demand: { a: 10 }, calls: tips },
        scan: { ...root, tier: 3, demand: { a: 20 } },
      },
    },
  );

  it(
    'sheds only the classes that call what is full',
    async () => {
      const { served, losses } = await plan(narrow);
      expect(served).toEqual({ buy: 1, browse: 1, tips: expect.closeTo(0.07, 6), scan: 1 });
      // Of 60/s in tier 2 without b: all of browse, and of tips 0.7/s.
      expect(losses[1]?.served).toEqual({ 1: 1, 2: expect.closeTo(50.7 / 60, 6), 3: 1 });
    },
    LONG_MS,
  );

  it('sheds the others alike once they are all that is left', () => {
    const classes = { ...narrow.classes, browse: { ...root, tier: 2, demand: { a: 300 } } };
    const model = topologyModel({ ...narrow, classes });
    const { parts } = admit(
      model,
      model.classes.map((one) => one.demand),
    );
    expect(parts).toEqual([
      expect.closeTo((280 - 50 - 0.7) / 300, 6),
      1,
      expect.closeTo(0, 6),
      expect.closeTo(0.07, 6),
    ]);
  });
});

describe('the explanation', () => {
  it(
    'names no limit that nobody wrote, and no price of what cannot be',
    async () => {
      const one = { web: { ...service, replicas: { a: 20 } } };
      expect((await plan(pair({ a: 100 }, { services: one }))).binding).toEqual([]);
      // Both are full by their shares: more room in a would save a way of 50 ms.
      const shares = { web: { ...service, replicas: { a: 20, b: 20 }, maxShare: { a: 0.6, b: 0.4 } } };
      const { binding, alternatives } = await plan(pair({ a: 100 }, { services: shares }));
      expect(binding[0]).toMatchObject({ cluster: 'a', by: 'maxShare', worth: expect.closeTo(50, 0) });
      for (const { worse } of alternatives) expect(worse).toBeLessThan(51);
    },
    LONG_MS,
  );

  it(
    'prices a caller by ways and queues, not by what was shed',
    async () => {
      const { twice, once } = {
        twice: [{ ...call, from: 'web', to: 'db', times: 2 }],
        once: [{ ...call, from: 'web', to: 'db' }],
      };
      const made = await plan(
        pair(
          {},
          {
            services: { web, db: { ...service, replicas: { a: 1, b: 1 } } },
            classes: {
              x: { ...root, tier: 2, demand: { a: 60 }, calls: twice },
              y: { ...root, tier: 2, demand: { b: 60 }, calls: once },
            },
          },
        ),
      );
      expect(made.served['x']).toBeLessThan(1);
      expect(made.figures.above).toEqual([]);
      for (const { worse } of made.alternatives) expect(worse).toBeLessThan(200);
      for (const { worth } of made.binding) expect(worth).toBeLessThan(200);
      expect(topologyExplanation(made)).toContain('nothing but room: every cluster is full');
    },
    LONG_MS,
  );

  it(
    'divides by no objective of 0',
    async () => {
      const free = { objective: 'balanced', dollarsPerMillionMs: 0 } as const;
      expect((await plan(pair({ a: 10 }, free))).gap).toBe(0);
    },
    LONG_MS,
  );
});

describe('what nobody calls', () => {
  const withRefunds = (refunds: ServiceInput['replicas'], demand: Record<string, number>): TopologyInput => ({
    ...pair({ a: 100 }, { services: { web, refunds: { ...service, replicas: refunds } } }),
    classes: {
      all: { ...root, demand: { a: 100 } },
      refund: { ...root, tier: 2, demand, calls: [{ ...call, from: 'web', to: 'refunds' }] },
    },
  });

  it(
    'is planned around, and gets no shares: nothing is known of it',
    async () => {
      const made = await plan(withRefunds({ a: 1, b: 1 }, { a: 0 }));
      expect(made.shares).toEqual({ web: home });
      expect(topologyPlanText(made)).not.toContain('refunds');
      const never = withRefunds({ a: 1, b: 1 }, { a: 10 });
      const calls = [{ ...call, from: 'web', to: 'refunds', times: 0 }];
      const { shares } = await plan({
        ...never,
        classes: { all: { ...root, calls, demand: { a: 100 } } },
      });
      expect(shares).toEqual({ web: home });
    },
    LONG_MS,
  );

  it(
    'is shed whole where its service has no replica',
    async () => {
      const made = await plan(withRefunds({}, { a: 10 }));
      expect(made.served).toEqual({ all: 1, refund: 0 });
      expect(topologyPlanText(made)).toContain('shed now: 100.0 % of class refund');
    },
    LONG_MS,
  );

  it(
    'still has a place to be called from every cluster, never one that is barred',
    async () => {
      const { shares } = await plan(pair({ b: 100 }, { services: { web: { ...web, allow: { clusters: ['b'] } } } }));
      expect(shares).toEqual({ web: { a: { b: 1_000_000 }, b: { b: 1_000_000 } } });
    },
    LONG_MS,
  );

  it(
    'is refused where it is all that there is',
    async () => {
      const none = pair({}, { services: { web: { ...web, replicas: {} } } });
      const all = { ...none, classes: { all: { ...root, tier: 2, demand: { a: 10 } } } };
      await expect(plan(all)).rejects.toThrow('nothing of the demand fits');
    },
    LONG_MS,
  );
});

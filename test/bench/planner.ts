/** How long a topology plan takes, from the input to shares that can be applied, with its explanation. */
import { planTopology } from '../../core/topology/plan.ts';
import { withHighs } from '../../platform/solver/highs.ts';
import type { Bench, Measure } from './bench.ts';
import { randomMesh, type MeshSize } from './topology/random-mesh.ts';

const sizes: readonly { readonly size: MeshSize; readonly atMost: number }[] = [
  { size: { clusters: 10, services: 16, classes: 10 }, atMost: 1_000 },
  { size: { clusters: 30, services: 30, classes: 10 }, atMost: 20_000 },
];

export const plannerBench: Bench = {
  name: 'planner',
  about: 'time of a topology plan at two sizes of random meshes',
  repeats: 5,
  run: async ({ repeats, report, signal }) => {
    const measures: Measure[] = [];
    for (const { size, atMost } of sizes) {
      const what = `${size.clusters} clusters × ${size.services} services × ${size.classes} classes`;
      const [walls, cpus, gaps]: [number[], number[], number[]] = [[], [], []];
      for (let seed = 1; seed <= repeats && !signal.aborted; seed += 1) {
        const [from, cpu] = [performance.now(), process.cpuUsage()];
        const plan = await withHighs((solver) => planTopology(randomMesh(size, { seed }), solver));
        const { user, system } = process.cpuUsage(cpu);
        walls.push(performance.now() - from);
        cpus.push((user + system) / 1_000);
        gaps.push(plan.gap * 100);
        report(`${what}, seed ${seed}: ${Math.round(walls.at(-1) ?? 0)} ms`);
      }
      measures.push({ what, unit: 'ms', values: walls, bound: { of: 'median', atMost } });
      measures.push({ what: `${what}: processor time`, unit: 'ms', values: cpus });
      measures.push({ what: `${what}: gap, percent`, unit: '', values: gaps });
    }
    return {
      title: 'Time of a topology plan',
      settings: { demand: '60 % of what may be served, two tiers', trees: 'a random tree of all services per class' },
      measures,
      notes: [
        'A repeat is another mesh (its number is the seed) and includes the start of the solver thread and N-1.',
        'The gap is against a lower bound of the best split of each class by itself, which one split per service cannot reach.',
        "SLATE's published solver time at 10 × 16 × 10 is 21.96 s: Gurobi, other hardware, another formulation with a split for each class.",
      ],
    };
  },
};

/** Mutated objects through facts, plan and a dry run on a real API server. */
import { createClusters } from '../../platform/kube/clusters.ts';
import { basesOf } from '../ports/kube/mutated-bases.ts';
import { startApiServers } from '../support/api-server.ts';
import { planMutated, type Outcome } from '../support/mutated-plans.ts';
import type { Bench, BenchContext } from './bench.ts';

const kinds = ['adopt', 'deploy'] as const;
/** Worlds in one repeat. */
const batch = 500;

type Ends = Record<Outcome['end'], number>;

export const objectsBench: Bench = {
  name: 'objects',
  about: 'mutated Services, Deployments, budgets, autoscalers, slices and routes: facts → plan → dry run',
  repeats: 10,
  async run(context) {
    const { ends, bad } = await plans(context);
    const count = (end: Outcome['end']) => ({ what: wording[end], unit: '' as const, values: [ends[end]] });
    const none = { of: 'every', atMost: 0 } as const;
    return {
      title: 'Mutated objects',
      settings: {
        worlds: `${context.repeats * batch} seeded mutations of a namespace, half before an adoption and half before a deploy`,
        mutations:
          'one to three per world, of what manifests have and of any field; the API server says what it would store',
      },
      measures: [
        count('planned'),
        count('refused'),
        count('impossible'),
        { ...count('found'), bound: none },
        { ...count('crashed'), bound: none },
      ],
      notes: ['Seeds 1 to N of `test/support/mutated-world.ts`: the same on every machine.', ...bad],
    };
  },
};

const wording: Readonly<Record<Outcome['end'], string>> = {
  planned: 'planned, and the API server takes every object',
  refused: 'refused before the plan, with the reason',
  impossible: 'not possible: no API server stores such an object',
  found: 'planned, and the API server refuses an object',
  crashed: 'crashed',
};

async function plans({ repeats, report, signal }: BenchContext): Promise<{ ends: Ends; bad: string[] }> {
  const servers = await startApiServers(['aws', 'gcp']);
  const clusters = createClusters();
  const ends: Ends = { planned: 0, refused: 0, impossible: 0, found: 0, crashed: 0 };
  const bad: string[] = [];
  try {
    const bases = await Promise.all(kinds.map((kind) => basesOf(kind, { servers, clusters })));
    for (let i = 0; i < repeats * batch; i++) {
      signal.throwIfAborted();
      if (i % batch === 0) report(`${i} of ${repeats * batch} worlds`);
      const base = bases[i % bases.length];
      if (base === undefined) continue;
      const { end, world, why } = await planMutated(base, 1 + i);
      ends[end] += 1;
      if (end === 'found' || end === 'crashed')
        bad.push(`${base.change.kind} ${i + 1}: ${world.changes.join('; ')}: ${why}`);
    }
    return { ends, bad };
  } finally {
    await clusters.close();
    await servers.stop();
  }
}

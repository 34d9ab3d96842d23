/** Plans of every shape that the reducer meets. They are made once, frozen, and shared by all histories. */
import type { Plan, PlannedWave } from '../../../../core/rollout/plan/plan.ts';
import { WHOLE } from '../../../../core/values/share.ts';
import { windows } from './closed.ts';
import { testPlan } from '../../../support/plans.ts';

export const clusters = ['a', 'b', 'c'] as const;

/** Who calls each serving cluster: everybody itself, or c calls a, too. */
const callers = {
  own: { a: ['a'], b: ['b'], c: ['c'] },
  crossed: { a: ['a', 'c'], b: ['b'], c: ['c'] },
} as const;

type Calls = keyof typeof callers;

const groups = [[['a', 'b', 'c']], [['a'], ['b', 'c']], [['a'], ['b'], ['c']]] as const;
const shares = [[WHOLE], [50_000, WHOLE], [50_000, 500_000, WHOLE]] as const;

interface Shape {
  readonly kind: Plan['kind'];
  readonly calls: Calls;
  readonly grouped: readonly (readonly string[])[];
  readonly steps: readonly number[];
  readonly onBreach: Plan['onBreach'];
  readonly gate?: boolean;
  readonly bakeMs?: number;
}

function waveOf(shape: Shape, serving: readonly string[], index: number): PlannedWave {
  const { calls, steps, gate = false, bakeMs = 1_000 } = shape;
  const clients = [...new Set(serving.flatMap((name) => callers[calls][name as 'a' | 'b' | 'c']))];
  return {
    name: `wave ${String(index + 1)}`,
    serving,
    clients,
    enter: {},
    skipped: [],
    steps: steps.map((share, i) => ({
      share,
      bakeMs,
      approve: gate && i === steps.length - 1,
      versions: {},
      ...(gate && asked),
    })),
  };
}

const asked = { gate: { url: 'https://gate.example.com', timeoutMs: 60_000 } };

/** The digest is what the plan is called in a counter-example. */
const planOf = (shape: Shape): Plan => ({
  ...testPlan({ kind: shape.kind }),
  configDigest: JSON.stringify(shape),
  // What a person must approve has been tested before.
  ...(shape.gate === true && { before: [{ name: 'smoke', timeoutMs: 60_000, image: 'smoke' }] }),
  ...(shape.gate === true && { windows }),
  onBreach: shape.onBreach,
  waves: shape.grouped.map((serving, index) => waveOf(shape, serving, index)),
});

const breaches = ['all', 'cluster'] as const;
const both = ['own', 'crossed'] as const;

const deploys = groups.flatMap((grouped) =>
  shares.flatMap((steps) =>
    breaches.flatMap((onBreach) =>
      both.flatMap((calls) =>
        [false, true].map((gate) => planOf({ kind: 'deploy', grouped, steps, onBreach, calls, gate })),
      ),
    ),
  ),
);

const adoptions = groups.flatMap((grouped) =>
  breaches.map((onBreach) => planOf({ kind: 'adopt', grouped, steps: [WHOLE], onBreach, calls: 'own' })),
);

const undos = both.map((calls) =>
  planOf({ kind: 'undo', grouped: groups[0], steps: [WHOLE], onBreach: 'all', calls, bakeMs: 0 }),
);

const backs = (['restore', 'release'] as const).map((kind) =>
  planOf({ kind, grouped: groups[0], steps: [], onBreach: 'all', calls: 'own' }),
);

/** Nothing in it can be written any more, so a transition that writes to its input throws. */
const frozen = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.values(Object.freeze(value)).forEach(frozen);
  }
  return value;
};

export const plans: readonly Plan[] = frozen([
  ...deploys,
  ...deploys.filter(({ onBreach, waves }) => onBreach === 'cluster' && waves.length > 1),
  ...adoptions,
  ...adoptions,
  ...undos,
  ...undos,
  ...backs,
]);

/** Some more, by what the reducer must do about them. */
export const deployOver = (waves: 1 | 2 | 3, onBreach: Plan['onBreach'] = 'all'): Plan =>
  frozen(planOf({ kind: 'deploy', grouped: groups[waves - 1] ?? [], steps: [50_000, WHOLE], onBreach, calls: 'own' }));

/** Cluster c joins later: it calls only a, which is proven already, so the wave has no serving cluster to move. */
export const joiningCaller: Plan = frozen({
  ...testPlan({ kind: 'adopt' }),
  waves: [
    {
      name: 'all',
      serving: [],
      clients: ['c'],
      enter: { a: { v1: WHOLE } },
      skipped: [],
      steps: [{ share: WHOLE, bakeMs: 1_000, approve: false, versions: { a: { v1: WHOLE } } }],
    },
  ],
});

/** planChange: a change → the plan of the part that it moves. */
import { assertFits, fannedOut } from './fan-out.ts';
import type { Plan } from './plan.ts';
import { planTopology } from './topology.ts';
import { planRollout, type PlanInput } from './versions.ts';

export function planChange(input: PlanInput): Plan {
  const plan = fannedOut(input.change.kind === 'topology' ? planTopology(input) : planRollout(input));
  assertFits(plan);
  return plan;
}

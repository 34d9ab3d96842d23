/** planChange: a change → the plan of the part that it moves. */
import type { Plan } from './plan.ts';
import { planTopology } from './topology.ts';
import { planRollout, type PlanInput } from './versions.ts';

export const planChange = (input: PlanInput): Plan =>
  input.change.kind === 'topology' ? planTopology(input) : planRollout(input);

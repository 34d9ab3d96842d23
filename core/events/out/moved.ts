/** Which build each cluster has at the end of a run, and how it came to it. */
import type { Plan } from '../../rollout/plan/plan.ts';
import type { RolloutState } from '../../rollout/machine/state.ts';
import { servingOf } from '../../rollout/outcome.ts';
import { partOf } from '../../routing/part.ts';
import { present } from '../../values/json.ts';

export interface Moved {
  readonly cluster: string;
  /** deployed: there was none before. */
  readonly how: 'deployed' | 'upgraded' | 'rolledback';
  readonly version: string;
  /** Absent: only the cluster knows. */
  readonly image?: string;
}

/** Empty where no version has moved, or nobody can say where it is now. */
export function movedBy(plan: Plan, state: RolloutState): Moved[] {
  if (partOf(plan) !== 'versions') return [];
  const serving = servingOf(plan).filter((name) => state.absent[name] === undefined);
  if (state.outcome === 'promoted' || state.outcome === 'partial') {
    const back = serving.filter((name) => state.takenBack.includes(name));
    return [
      ...serving.filter((name) => !back.includes(name)).map((name) => forward(plan, name)),
      ...back.flatMap((name) => backward(plan, name)),
    ];
  }
  if (state.outcome !== 'restored') return [];
  // A restore moves no share of its own: it brings back what another run has left.
  if (plan.kind === 'restore')
    return serving.map((cluster) => ({ cluster, how: 'rolledback', version: plan.version }) as const);
  return serving.filter((name) => Object.hasOwn(state.shares, name)).flatMap((name) => backward(plan, name));
}

const forward = ({ kind, version, replaces, sources }: Plan, cluster: string): Moved => ({
  cluster,
  version,
  how: kind === 'undo' ? 'rolledback' : (replaces[cluster] ?? '') === '' ? 'deployed' : 'upgraded',
  ...present({ image: sources[cluster]?.image }),
});

/** An adoption goes back to a Deployment that has no version yet. */
function backward({ replaces }: Plan, cluster: string): Moved[] {
  const version = replaces[cluster] ?? '';
  return version === '' ? [] : [{ cluster, how: 'rolledback', version }];
}

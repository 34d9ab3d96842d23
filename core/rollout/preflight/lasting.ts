/** What is wrong with a change whatever the run before it leads to: it is refused at once, and not at its turn. */
import { leftOutOf } from '../plan/left-out.ts';
import { deployProblems } from './deploy.ts';
import type { Asked, Problem } from './problem.ts';

/** What a cluster that cannot be read says is known at the turn only. Throws where `--without` names no cluster of the mesh. */
export function lastingProblems(asked: Asked): Problem[] {
  const { config, facts, change } = asked;
  leftOutOf(asked);
  if (change.kind !== 'deploy') return [];
  const read = facts.filter(({ unreachable }) => unreachable === '');
  return deployProblems(config, read, change);
}

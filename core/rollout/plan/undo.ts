/** Where an undo goes back to: a version that the records know, and that is warm in the serving clusters that answer. */
import type { LoadedConfig } from '../../config/types.ts';
import type { ClusterFacts } from '../../workload/facts.ts';
import { editedProblems } from '../preflight/deploy.ts';
import type { Problem } from '../preflight/problem.ts';

interface Undoing {
  readonly config: LoadedConfig;
  /** Of the clusters that take part. */
  readonly facts: readonly ClusterFacts[];
  /** Main proven version per serving cluster that takes part. */
  readonly proven: Readonly<Record<string, string>>;
  /** The version that was named. */
  readonly asked: string | undefined;
  readonly refuse: (problems: readonly Problem[]) => Error;
}

export function undoTarget({ config, facts, proven, asked, refuse }: Undoing): string {
  const previous = [...new Set(facts.flatMap((one) => Object.values(one.record?.versions.previous ?? {})))];
  const target = asked ?? (previous.length === 1 ? previous[0] : undefined);
  const say = (text: string, fix: string): Error => refuse([{ code: 'Invalid', text, fix }]);
  if (target === undefined) {
    throw say(
      previous.length === 0
        ? 'there is no earlier proven version'
        : `clusters differ in their earlier version (${previous.join(', ')})`,
      'name one: --version V',
    );
  }
  const moving = Object.keys(proven).filter((serving) => proven[serving] !== target);
  const cold = moving.filter((serving) => {
    const one = facts.find((fact) => fact.cluster === serving);
    return !one?.workloads.some((workload) => workload.version === target && workload.ready > 0);
  });
  if (cold.length > 0) {
    throw say(
      `${target} is no longer warm in ${cold.join(', ')}`,
      `deploy it again: tidegate deploy ${config.service.name} --version ${target}`,
    );
  }
  const edited = facts
    .filter(({ cluster }) => moving.includes(cluster))
    .flatMap((one) => editedProblems(config, one, [target]));
  if (edited.length > 0) throw refuse(edited);
  return target;
}

/** Clusters that a change goes on without: a person's word, or for an undo that they do not answer now. */
import { TidegateError } from '../../values/error.ts';
import { leftOut } from '../change.ts';
import { isReached } from '../preflight/back.ts';
import type { Asked } from '../preflight/problem.ts';

export interface LeftOut {
  /** Per cluster: why. */
  readonly absent: Readonly<Record<string, string>>;
  /** Those that nobody asked to leave out: a person should look at them. */
  readonly unreached: readonly string[];
}

export function leftOutOf({ config, facts, change }: Asked): LeftOut {
  const asked = [...new Set(leftOut(change))];
  assertKnown(
    asked,
    config.mesh.clusters.map(({ ref }) => ref.name),
  );
  const said = asked.map((name) => [name, 'left out by --without'] as const);
  // Nobody should have to repair a cluster before the others go back.
  const silent = change.kind === 'undo' ? facts.filter((one) => !isReached(one) && !asked.includes(one.cluster)) : [];
  const found = silent.map(({ cluster, unreachable }) => [cluster, `it could not be reached: ${unreachable}`] as const);
  return { absent: Object.fromEntries([...said, ...found]), unreached: silent.map(({ cluster }) => cluster) };
}

function assertKnown(asked: readonly string[], known: readonly string[]): void {
  const strange = asked.filter((name) => !known.includes(name));
  if (strange.length > 0) {
    throw new TidegateError('Invalid', `the mesh has no cluster ${strange.join(', ')}`, {
      fix: `--without takes names of its clusters: ${known.join(', ')}`,
    });
  }
  if (known.length > 0 && known.every((name) => asked.includes(name))) {
    throw new TidegateError('Invalid', 'every cluster of the mesh is left out, so nothing would change', {
      fix: 'leave out only those that do not answer',
    });
  }
}

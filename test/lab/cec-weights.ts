/** The weighted clusters of a CiliumEnvoyConfig's spec, as a person with an editor finds them. */
interface WeightedCluster {
  readonly name: string;
  weight?: number;
}

export const weightsIn = (spec: unknown): number[] => clustersIn(spec).map(({ weight }) => weight ?? 0);

export const weightedNames = (spec: unknown): string[] => clustersIn(spec).map(({ name }) => name);

/** The same spec with these weights, in the order of the file. */
export function withEditedWeights(spec: unknown, weights: readonly number[]): unknown {
  const edited: unknown = structuredClone(spec);
  clustersIn(edited).forEach((cluster, i) => (cluster.weight = weights[i] ?? 0));
  return edited;
}

function clustersIn(node: unknown): WeightedCluster[] {
  if (typeof node !== 'object' || node === null) return [];
  if ('weighted_clusters' in node) return (node.weighted_clusters as { clusters: WeightedCluster[] }).clusters;
  return Object.values(node).flatMap(clustersIn);
}

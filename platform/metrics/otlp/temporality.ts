/** Whether values are counted since the start of the process, since the last report, or not at all. */
export type Temporality = 'cumulative' | 'delta' | 'gauge';

interface Written {
  readonly isMonotonic: boolean;
  /** As sent: a number, in JSON perhaps a name. */
  readonly written: unknown;
}

const written: ReadonlyMap<unknown, Temporality> = new Map<unknown, Temporality>([
  [1, 'delta'],
  ['AGGREGATION_TEMPORALITY_DELTA', 'delta'],
  [2, 'cumulative'],
  ['AGGREGATION_TEMPORALITY_CUMULATIVE', 'cumulative'],
]);

/** A sum that may fall is a gauge when it is cumulative; its deltas say nothing. undefined: cannot be used. */
export const temporalityOf = (
  kind: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram',
  { isMonotonic, written: sent }: Written,
): Temporality | undefined => {
  if (kind === 'gauge') return 'gauge';
  const temporality = written.get(sent);
  if (kind !== 'sum' || isMonotonic) return temporality;
  return temporality === 'cumulative' ? 'gauge' : undefined;
};

/** Which of several e-values are evidence, when one asks about many clusters at once. */

/**
 * e-BH (Wang and Ramdas 2022): the k largest, for the largest k with e_(k) >= K / (alpha k). The share of false names is
 * at most alpha, however the clusters hang together.
 *
 * @param logEvidence ln of the e-value by name
 * @param of how many there are in all, those without evidence included; at least the number of names
 */
export const namesByEvidence = (
  logEvidence: Readonly<Record<string, number>>,
  { of, alpha }: { readonly of: number; readonly alpha: number },
): readonly string[] => {
  const sorted = Object.entries(logEvidence).sort(([, a], [, b]) => b - a);
  const last = sorted.findLastIndex(([, log], i) => log >= Math.log(of / (alpha * (i + 1))));
  return sorted.slice(0, last + 1).map(([name]) => name);
};

/** Names in a sentence that is kept: a log of 200 lines must not hold 200 names in each. */

/** Names that are written out; the rest is counted. */
const WRITTEN_OUT = 10;

/** `a, b, c`, or with more than ten `a, …, j and 190 more`. */
export const namesText = (names: readonly string[], separator = ', '): string => {
  const more = names.length - WRITTEN_OUT;
  return more <= 0 ? names.join(separator) : `${names.slice(0, WRITTEN_OUT).join(separator)} and ${String(more)} more`;
};

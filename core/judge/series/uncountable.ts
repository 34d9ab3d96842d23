/** What makes counting impossible for good, as things are: said before the first write, not found out in the middle. */
import { isDelta, looksLikeDelta, REMEDY_DELTA } from './delta.ts';
import type { RawSeries } from './raw-series.ts';
import { withoutTwins } from './twins.ts';

/** One sentence each. */
export const uncountable = (raw: readonly RawSeries[]): readonly string[] => {
  const delta = raw.some((series) => isDelta(series) || looksLikeDelta(series));
  return [...(delta ? [`its requests have delta temporality: ${REMEDY_DELTA}`] : []), ...withoutTwins(raw).problems];
};

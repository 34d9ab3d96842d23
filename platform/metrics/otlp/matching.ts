/** Does a query ask for a series? Names and labels as in PromQL: a label that is absent has the value ''. */
import type { SeriesQuery } from '../../../core/judge/series/source.ts';
import type { Labels } from './labels.ts';
import { seriesNames } from './names.ts';

/** Of a histogram the name is that without `_count` and `_bucket`, and `le` is not looked at: it has many. */
export const asksFor = (
  { names, labels: wanted }: SeriesQuery,
  { name, labels }: { readonly name: string; readonly labels: Labels },
): boolean =>
  [name, ...seriesNames(name)].some((one) => names.includes(one)) &&
  Object.entries(wanted).every(([label, values]) => label === 'le' || values.includes(labels[label] ?? ''));

/** A SeriesQuery as PromQL: what Prometheus is asked, and what messages show, since people can paste it. */
import type { SeriesQuery } from '../../core/judge/series/source.ts';

/** Equal sets give equal bytes, in whatever order they were written. */
export const promqlOf = ({ names, labels }: SeriesQuery): string => {
  const matchers = Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([label, values]) => matcher(label, values));
  const [name = '', ...others] = names;
  if (others.length === 0 && bareName.test(name)) return `${name}${matchers.length > 0 ? `{${matchers.join()}}` : ''}`;
  return `{${[matcher('__name__', names), ...matchers].join()}}`;
};

/** Nothing can match: PromQL has no matcher for "none of no values", so such a query is not sent. */
export const asksForNothing = ({ names, labels }: SeriesQuery): boolean =>
  [names, ...Object.values(labels)].some((values) => values.length === 0);

/** A name that PromQL takes outside of the braces. */
const bareName = /^[A-Za-z_:][\w:]*$/;

/** Other labels are quoted, which Prometheus 3 understands. */
const bareLabel = /^[A-Za-z_]\w*$/;

/** Prometheus anchors regular expressions. */
const matcher = (label: string, values: readonly string[]): string => {
  const sorted = [...new Set(values)].sort();
  const name = bareLabel.test(label) ? label : JSON.stringify(label);
  if (sorted.length === 1) return `${name}=${JSON.stringify(sorted[0])}`;
  const anyOf = sorted.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
  return `${name}=~${JSON.stringify(anyOf)}`;
};

/** What the pods of one service did for its callers: no namesake's requests, no probes, and no request twice. */
import type { ServiceRef } from '../../routing/service-ref.ts';
import { withoutDoubleEmission } from './conventions.ts';
import { countIncrements, type Counted } from './counters.ts';
import { foreignOnly, ownSeries } from './namespaces.ts';
import { isProbe } from './probes.ts';
import type { RawSeries } from './raw-series.ts';

export interface Served {
  readonly service: Pick<ServiceRef, 'namespace' | 'service'>;
  /** undefined: the usual ones. */
  readonly probeRoutes: readonly string[] | undefined;
  /** Begin of the range, ms. */
  readonly startMs: number;
  /** As countIncrements takes it. */
  readonly known?: ReadonlySet<string>;
}

/** Series of probes stay, without an increment: they tell that the process reports. */
export const countServed = (raw: readonly RawSeries[], { service, probeRoutes, startMs, known }: Served): Counted => {
  const own = ownSeries(raw, service);
  const { series, notes = [], ...counted } = countIncrements(withoutDoubleEmission(own.series), startMs, known);
  const namesakes = own.foreign.map((namespace) => `not counted: ${service.service} of namespace ${namespace}`);
  const all = [...notes, ...namesakes];
  const foreign = foreignOnly(own, service);
  return {
    ...counted,
    problems: foreign === '' ? counted.problems : [foreign],
    series: series.map((one) => (isProbe(one.labels, probeRoutes) ? { ...one, increments: [] } : one)),
    ...(all.length > 0 ? { notes: all } : {}),
  };
};

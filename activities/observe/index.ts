/** Activities of the queue `tidegate-observe`: they watch and verify, and write nothing. */
import { Context } from '@temporalio/activity';
import type { ActivitiesOf } from '../../core/contract/queues.ts';
import type { MetricsRef } from '../../core/judge/series/metrics-ref.ts';
import type { CountSource } from '../../core/judge/series/source.ts';
import { measureTraffic } from './measure-traffic.ts';
import { probeSlos } from './probe-slos.ts';
import { verifyRouting } from './verify-routing.ts';
import { watchSlo } from './watch-slo.ts';

export interface ObserveDeps {
  readonly connectMetrics: (ref: MetricsRef) => CountSource;
  /** Our clock, ms since the epoch. */
  readonly now: () => number;
  /** Longest attempt of a watch, ms; default 9 min: function runtimes end at 10 to 15. */
  readonly attemptMs?: number;
}

export const createObserveActivities = (deps: ObserveDeps): ActivitiesOf<'observe'> => ({
  probeSlos: (input) => probeSlos(deps, input, Context.current().cancellationSignal),
  measureTraffic: (input) => measureTraffic(deps, input, Context.current().cancellationSignal),
  verifyRouting: (input) => verifyRouting(deps, input),
  watchSlo: (input) => watchSlo(deps, input),
});

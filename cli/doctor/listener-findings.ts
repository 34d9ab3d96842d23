/** What Envoy refuses before any version sees it: no SLO and no pod counts it, so its own counters must be there. Pure. */
import { listenerTraffic, PASSING_SHARE, refusedBetween } from '../../core/judge/listener.ts';
import { countIncrements } from '../../core/judge/series/counters.ts';
import { REPORTED_WITHIN_MS } from '../../core/judge/series/selectors.ts';
import { ofTotal } from '../../core/judge/wording.ts';
import { listenerStatName } from '../../core/routing/names.ts';
import type { Finding, Observation } from './check.ts';
import { isAdopted, type Observed, type ServiceFacts } from './service-findings.ts';

export function lookAtListener(facts: ServiceFacts, { series, nowMs }: Observed): Observation {
  const prefix = listenerStatName(facts);
  const counted = countIncrements(series, nowMs - REPORTED_WITHIN_MS);
  const adopted = facts.clusters.filter(isAdopted).map(({ cluster }) => {
    return { cluster, refused: refusedBetween(listenerTraffic(counted, cluster), Number.NEGATIVE_INFINITY) };
  });
  const findings = adopted.flatMap(({ cluster, refused }): Finding[] => {
    if (refused === null) {
      const names = 'envoy_http_downstream_rq_total and envoy_http_rq_total';
      const text = `${cluster}: no ${names} with envoy_http_conn_manager_prefix="${prefix}": what the listener refuses is seen by nobody`;
      const fix = 'keep envoy_http_* where cilium-envoy is scraped; nothing to do before the first request';
      return [{ severity: 'warning', text, fix }];
    }
    if (refused.bad <= PASSING_SHARE * refused.total) return [];
    const text = `${cluster}: the listener of ${facts.service} refused ${ofTotal(refused.bad, refused.total)} requests before any version saw them`;
    return [{ severity: 'warning', text, fix: 'docs/reference/listener.md lists what it refuses; find those callers' }];
  });
  const known = adopted.flatMap(({ cluster, refused }) =>
    refused === null ? [] : [`${cluster} ${ofTotal(refused.bad, refused.total)}`],
  );
  return { note: adopted.length === 0 ? 'not adopted' : known.join(', '), findings };
}

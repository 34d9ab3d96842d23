/** What makes an SLO countable whose metrics are missing: once per source, after the list of what is missing. */
import type { ProbeSlosInput } from '../../core/contract/activities.ts';
import type { Slo } from '../../core/judge/settings.ts';

/** `missing`: the SLOs of which some cluster reports nothing. */
export function remediesOf(missing: readonly Slo[], { slos, received }: ProbeSlosInput): string[] {
  const sources = new Set(missing.map(({ source }) => source));
  return [
    ...(sources.has('server') ? [serverRemedy(received)] : []),
    ...(sources.has('envoy') ? [envoyRemedy(slos, received)] : []),
  ];
}

const serverRemedy = (received: boolean | undefined): string =>
  `remedy for the pods' metrics: send the service some requests; its pods need an OpenTelemetry exporter with service.name, service.version and k8s.cluster.name${received === true ? ', or a collector that sets them' : ', which the backend keeps as labels (otlp.promote_resource_attributes)'}`;

function envoyRemedy(all: readonly Slo[], received: boolean | undefined): string {
  const scrape =
    received === true
      ? 'a collector in each cluster scrapes cilium-envoy (port 9964, /metrics) and sends it here with k8s.cluster.name; see docs/how-to/without-a-metrics-store.md'
      : 'scrape cilium-envoy in each cluster (port 9964, /metrics) with the labels k8s_cluster_name and instance; see docs/how-to/point-at-your-clusters.md, 3';
  const enabled = "turn Cilium's Envoy metrics on (Helm: envoy.prometheus.enabled=true, envoy.enabled=true)";
  // Default SLOs ask both; a service may do with its pods' own view.
  const without = all.some(({ source }) => source === 'server')
    ? 'or write spec.slos without metricSource type envoy-cluster'
    : `or write spec.slos with metricSource type opentelemetry-${all.some(({ protocol }) => protocol === 'rpc') ? 'rpc' : 'http'}-server`;
  return `remedy for Envoy's metrics: ${enabled}, and ${scrape}; ${without}: then a pod that crashes or hangs is seen by its silence only, and no weight is proven`;
}

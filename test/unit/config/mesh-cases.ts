/** Mesh documents with one mistake each, and what is said of it. */
import { meshText } from './documents.ts';

/** title, document, expected `line: path: reason (hint)` lines */
export type Case = [string, string, string[]];

export const meshCases: Case[] = [
  [
    'a token that would cross a network in the clear',
    meshText.replace('9090', '9090\n      tokenEnv: PROMETHEUS_TOKEN'),
    [
      '21: spec.metrics.prometheus.url: is http, and a token would cross the network in the clear (write https://..., or leave tokenEnv out; http with a token is for this very machine (127.0.0.1))',
    ],
  ],
  [
    'credentials in an address, which are not repeated',
    meshText.replace('http://prometheus', 'http://admin:secret@prometheus'),
    [
      '21: spec.metrics.prometheus.url: carries credentials (name the environment variable that holds a bearer token instead: tokenEnv: PROMETHEUS_TOKEN)',
    ],
  ],
  [
    'a tenant header without a tenant, and one that would break the request',
    meshText.replace('9090', '9090\n      tenantHeader: Content-Length'),
    [
      '22: spec.metrics.prometheus.tenantHeader: has a meaning of its own in HTTP (name the header that the backend reads the tenant from: X-Scope-OrgID or THANOS-TENANT)',
      '22: spec.metrics.prometheus.tenantHeader: names a header, but there is no tenant to send in it (add tenant, or leave tenantHeader out)',
    ],
  ],
  [
    'two places for the metrics',
    meshText.replace('  metrics:', '  metrics:\n    otlp: {}'),
    ['19: spec.metrics: names two places for the metrics (give either prometheus: {url: ...} or otlp: {})'],
  ],
  [
    'no place for the metrics',
    meshText.replace(/  metrics:[^]*$/, '  metrics: {}\n'),
    ['19: spec.metrics: does not say where the metrics are (give either prometheus: {url: ...} or otlp: {})'],
  ],
  [
    'a tenant that no header can carry',
    meshText.replace('9090', '9090\n      tenant: "a\\nb"'),
    ['22: spec.metrics.prometheus.tenant: is not a valid tenant (for example team-shop)'],
  ],
  [
    'two clusters of one Cilium id',
    meshText.replace('id: 2', 'id: 1'),
    [
      "12: spec.clusters[1].cilium.id: aws-us-east-1 has the same Cilium id 1 (use the id of Cilium's own configuration (cilium-config, cluster-id); it is unique in a mesh)",
    ],
  ],
  [
    'two clusters of one name',
    meshText.replace('name: gcp-europe-west1', 'name: onprem-fra1'),
    ['15: spec.clusters[2].name: there is already a cluster onprem-fra1 (give each cluster its own name)'],
  ],
  [
    'a Cilium id out of range',
    meshText.replace('id: 3', 'id: 512'),
    ['16: spec.clusters[2].cilium.id: must be at most 511 (for example 1)'],
  ],
  [
    'a cluster name that Cilium refuses',
    meshText.replace('name: onprem-fra1', 'name: onprem_fra1'),
    ['15: spec.clusters[2].name: is not a valid cluster name (for example aws-us-east-1)'],
  ],
  [
    'several mistakes, all at once and each once',
    meshText.replace('id: 2', 'id: two').replace('region: fra1', 'regoin: fra1').replace('url: http:', 'url: ftp:'),
    [
      '12: spec.clusters[1].cilium.id: must be a Cilium cluster id (1 to 511), not a string (for example 1)',
      '17: spec.clusters[2].locality.regoin: unknown key regoin (did you mean region?)',
      '21: spec.metrics.prometheus.url: must be an http or https URL (write http://... or https://...)',
    ],
  ],
];

/** Service documents with one mistake each, and what is said of it. */
import { serviceText, sloText, stepsText } from './documents.ts';
import type { Case } from './mesh-cases.ts';

export const latency = (value: string): string =>
  sloText(`- name: latency
  indicator: { thresholdMetric: { metricSource: { type: opentelemetry-http-server } } }
  objectives: [{ target: 0.99, op: lte, value: ${value} }]`);

const kayentaSlo = (last: string): string =>
  `  slos:
    - name: errors
      indicator: { ratioMetric: { bad: { metricSource: { type: envoy-cluster } }, total: { metricSource: { type: envoy-cluster } } } }
      objectives: [{ target: 0.99 }]
      ${last}
`;

export const serviceCases: Case[] = [
  [
    'an unknown key',
    serviceText('  rolout: { warm: 1h }\n'),
    ['6: spec.rolout: unknown key rolout (did you mean rollout?)'],
  ],
  [
    'an unknown key that resembles nothing',
    serviceText('  zzz: 1\n'),
    [
      '6: spec.zzz: unknown key zzz (known: mesh, port, protocol, workload, template, deployment, config, serviceVersion, topology, failover, ratePerReplica, policy, ...)',
    ],
  ],
  [
    'copies of config for pods that somebody else makes',
    serviceText('  workload: external\n  config: copy\n'),
    ['7: spec.config: copy is for workload: managed, whose pod templates Tidegate writes (leave it out)'],
  ],
  [
    'labels that say whose a Deployment is',
    serviceText(
      '  deployment: { labels: { team: pay, tidegate.dev/owner: me }, annotations: { tidegate.dev/held: x } }\n',
    ),
    [
      '6: spec.deployment.annotations["tidegate.dev/held"]: is written by Tidegate itself (leave it out)',
      '6: spec.deployment.labels["tidegate.dev/owner"]: is written by Tidegate itself (leave it out)',
    ],
  ],
  [
    'weights of groups that no SLO is in',
    serviceText('  judge: { type: kayenta, groupWeights: { speed: 50 } }\n'),
    ['6: spec.judge.groupWeights.speed: no SLO is in this group (write it in slos[].kayenta.groups)'],
  ],
  [
    'weights above 100',
    serviceText('  judge: { type: kayenta, groupWeights: { errors: 60, speed: 50 } }\n'),
    [
      '6: spec.judge.groupWeights: add up to 110 (they are percent of one score: 100 at most)',
      '6: spec.judge.groupWeights.errors: no SLO is in this group (write it in slos[].kayenta.groups)',
      '6: spec.judge.groupWeights.speed: no SLO is in this group (write it in slos[].kayenta.groups)',
    ],
  ],
  [
    'weights of all groups that are less than 100',
    serviceText(
      `  judge: { type: kayenta, groupWeights: { errors: 60 } }\n${kayentaSlo('kayenta: { groups: [errors] }')}`,
    ),
    ['6: spec.judge.groupWeights: add up to 60, and every group has one (the weights of all groups add up to 100)'],
  ],
  [
    'weights that leave nothing for an SLO of another group',
    serviceText(
      `  judge: { type: kayenta, groupWeights: { errors: 100 } }\n${kayentaSlo('kayenta: { groups: [errors, other] }')}`,
    ),
    ['6: spec.judge.groupWeights: leave nothing for SLOs of other groups or of none (weigh their groups, too)'],
  ],
  [
    'an SLO that is to be scored where no kayenta judge scores',
    serviceText(kayentaSlo('kayenta: { critical: true }')),
    [
      "10: spec.slos[0].kayenta: needs the service's kayenta judge, this service has sequential (leave it out, or write judge: {type: kayenta} in spec)",
    ],
  ],
  [
    'weights of groups of one SLO',
    serviceText(kayentaSlo('judge: { type: kayenta, groupWeights: { errors: 100 } }')),
    ["10: spec.slos[0].judge.groupWeights: has no meaning for one SLO (weigh groups in the service's judge)"],
  ],
  [
    'a wrong type',
    serviceText('  policy: fast\n'),
    [
      '6: spec.policy: must be a mapping, not a string (a mapping with requestTimeout, idleTimeout, upstreamIdleTimeout, connectTimeout)',
    ],
  ],
  [
    'a bare number as a duration',
    serviceText('  rollout:\n    warm: 10\n'),
    ['7: spec.rollout.warm: must be a duration, not a number (add a unit: 10s (or ms, m, h))'],
  ],
  [
    'a broken duration',
    serviceText('  rollout:\n    drain: 10 sec\n'),
    ['7: spec.rollout.drain: is not a valid duration (for example 10s or 500ms or 1h30m)'],
  ],
  [
    'a duration out of bounds',
    serviceText('  rollout: { drain: 10ms }\n'),
    ['6: spec.rollout.drain: must be between 1s and 9600h (write 1s or more)'],
  ],
  [
    'a drain that cuts requests',
    serviceText('  policy: { requestTimeout: 60s }\n  rollout: { drain: 30s }\n'),
    ['7: spec.rollout.drain: a drain of 30s cuts requests that may take 1m (write 1m or more)'],
  ],
  [
    'a wrong choice',
    serviceText('  rollout: { onBreach: clustr }\n'),
    ['6: spec.rollout.onBreach: must be cluster or all (did you mean cluster?)'],
  ],
  [
    'an unknown type of judge',
    serviceText('  judge: { type: sequental }\n'),
    ['6: spec.judge.type: must be threshold or kayenta or sequential (did you mean sequential?)'],
  ],
  [
    'a key of another judge',
    serviceText('  judge: { type: kayenta, minRequests: 20 }\n'),
    [
      '6: spec.judge.minRequests: unknown key minRequests (known: type, poll, interval, analysisInterval, minPoints, direction, nanStrategy, outliers, effectSize, scores, groupWeights)',
    ],
  ],
  [
    'a key that is nearly one of its judge',
    serviceText('  judge: { type: threshold, failurelimits: 3 }\n'),
    ['6: spec.judge.failurelimits: unknown key failurelimits (did you mean failureLimit?)'],
  ],
  [
    'measurements between two looks',
    serviceText('  judge: { type: threshold, interval: 1s, poll: 10s }\n'),
    [
      '6: spec.judge.interval: is shorter than the poll of 10s (a measurement is made at a look: look at least once per interval)',
    ],
  ],
  [
    'a judgement without new points, and scores the wrong way round',
    serviceText('  judge: { type: kayenta, analysisInterval: 30s, scores: { pass: 50 } }\n'),
    [
      '6: spec.judge.analysisInterval: is shorter than the interval of 1m (a judgement needs new points)',
      '6: spec.judge.scores.marginal: is above pass (50) (a marginal score is below pass)',
    ],
  ],
  [
    'a value out of bounds in a judge',
    serviceText('  judge: { type: sequential, alpha: 2 }\n'),
    ['6: spec.judge.alpha: must be at most 0.5 (the default is 0.01)'],
  ],
  [
    'more shadows than anybody pays for',
    sloText(`- name: errors
  indicator: { ratioMetric: { bad: { metricSource: { type: envoy-cluster } }, total: { metricSource: { type: envoy-cluster } } } }
  objectives: [{ target: 0.99 }]
  shadow: [{}, {}, {}, { type: kayenta }]`),
    ['10: spec.slos[0].shadow: has more than 3 entries (leave some out)'],
  ],
  [
    'shares that do not rise',
    stepsText(['{ share: 25, bake: 1m }', '{ share: 25, bake: 1m }', '{ share: 100, bake: 1m }']),
    [
      '11: spec.rollout.waves[0].steps[1].share: 25 does not rise above the step before (25) (the shares of a wave rise from step to step)',
    ],
  ],
  [
    'a wave that does not end at 100',
    stepsText(['{ share: 5, bake: 1m }', '{ share: 50, bake: 1m }']),
    [
      '11: spec.rollout.waves[0].steps[1].share: the last step of the wave stops at 50 (end every wave with share: 100)',
    ],
  ],
  [
    'a share as text',
    stepsText(["{ share: '5%', bake: 1m }", '{ share: 100, bake: 1m }']),
    [
      '10: spec.rollout.waves[0].steps[0].share: must be a percent number, not a string (write 5 without quotes and percent sign)',
    ],
  ],
  [
    'a share of zero and one above 100',
    stepsText(['{ share: 0, bake: 1m }', '{ share: 101, bake: 1m }']),
    [
      '10: spec.rollout.waves[0].steps[0].share: must be above 0 (for example 5 or 0.1)',
      '11: spec.rollout.waves[0].steps[1].share: must be at most 100 (for example 5 or 0.1)',
    ],
  ],
  [
    'a share finer than one in a million',
    stepsText(['{ share: 0.00001, bake: 1m }', '{ share: 100, bake: 1m }']),
    [
      '10: spec.rollout.waves[0].steps[0].share: has more than 4 decimals (the smallest share is 0.0001 percent (one in a million))',
    ],
  ],
  [
    'a missing bake',
    stepsText(['{ share: 100 }']),
    ['10: spec.rollout.waves[0].steps[0].bake: is missing (for example 10s or 500ms or 1h30m)'],
  ],
  [
    'a bake within the warm-up',
    serviceText(
      '  rollout:\n    warmUp: 1m\n    waves:\n      - clusters: rest\n        steps:\n          - { share: 100, bake: 1m }\n',
    ),
    [
      '11: spec.rollout.waves[0].steps[0].bake: the bake of 1m ends within the warm-up of 1m (nothing would be judged: bake for longer than warmUp)',
    ],
  ],
  [
    'words of other tools, known by what they are here',
    stepsText(['{ setWeight: 5, bake: 1m }', '{ share: 100, bake: 1m }']),
    ['10: spec.rollout.waves[0].steps[0].setWeight: unknown key setWeight (write share, in percent)'],
  ],
  [
    'a wave that names an unknown cluster',
    serviceText(
      '  rollout:\n    waves:\n      - clusters: { names: [aws-us-east1] }\n        steps: [{ share: 100, bake: 1m }]\n      - clusters: rest\n        steps: [{ share: 100, bake: 1m }]\n',
    ),
    ['8: spec.rollout.waves[0].clusters.names[0]: mesh shop has no cluster aws-us-east1 (did you mean aws-us-east-1?)'],
  ],
  [
    'clusters in no wave',
    serviceText(
      '  rollout:\n    waves:\n      - clusters: { match: { cloud: aws } }\n        steps: [{ share: 100, bake: 1m }]\n',
    ),
    [
      '7: spec.rollout.waves: clusters in no wave: gcp-europe-west1, onprem-fra1 (add them to a wave, or add a last wave with clusters: rest)',
    ],
  ],
  [
    'a cluster in two waves',
    serviceText(
      '  rollout:\n    waves:\n      - clusters: { names: [aws-us-east-1] }\n        steps: [{ share: 100, bake: 1m }]\n      - clusters: { match: { labels: { tier: canary } } }\n        steps: [{ share: 100, bake: 1m }]\n      - clusters: rest\n        steps: [{ share: 100, bake: 1m }]\n',
    ),
    [
      '10: spec.rollout.waves[1].clusters: already in an earlier wave: aws-us-east-1 (a cluster is in one wave; for all others write clusters: rest)',
    ],
  ],
  [
    'a match of nothing',
    serviceText(
      '  rollout:\n    waves:\n      - clusters: { match: { cloud: azure } }\n        steps: [{ share: 100, bake: 1m }]\n      - clusters: rest\n        steps: [{ share: 100, bake: 1m }]\n',
    ),
    [
      '8: spec.rollout.waves[0].clusters.match: no cluster of mesh shop matches (there are aws/us-east-1, gcp/europe-west1, onprem/fra1)',
    ],
  ],
  [
    'a selection that is neither',
    serviceText('  rollout:\n    waves:\n      - clusters: 5\n        steps: [{ share: 100, bake: 1m }]\n'),
    [
      '8: spec.rollout.waves[0].clusters: must be a selection of clusters, not a number (for example rest or {"names":["aws-us-east-1"]} or {"match":{"cloud":"aws"}} or {"count":"10%","order":"shuffled","seed":7})',
    ],
  ],
  [
    'a selection that is two',
    serviceText(
      '  rollout:\n    waves:\n      - clusters: { count: 1, names: [onprem-fra1] }\n        steps: [{ share: 100, bake: 1m }]\n',
    ),
    [
      '8: spec.rollout.waves[0].clusters: needs exactly one of names, match and count (write names: [...], match: {cloud, region, labels} or count: 10%)',
    ],
  ],
  [
    'an order of what is not counted, and a seed that mixes nothing',
    serviceText(
      '  rollout:\n    waves:\n      - clusters: { match: { cloud: aws }, order: shuffled }\n        steps: [{ share: 100, bake: 1m }]\n      - clusters: { count: 1, seed: 7 }\n        steps: [{ share: 100, bake: 1m }]\n',
    ),
    [
      '8: spec.rollout.waves[0].clusters: has an order without a count (write count: 10%, or leave order out: the others take all that they name)',
      '10: spec.rollout.waves[1].clusters: has a seed that mixes nothing (write order: shuffled, or leave seed out)',
    ],
  ],
  [
    'a count and a concurrency that are none',
    serviceText(
      '  rollout:\n    waves:\n      - clusters: { count: 0% }\n        concurrency: 60\n        steps: [{ share: 100, bake: 1m }]\n',
    ),
    [
      '8: spec.rollout.waves[0].clusters.count: is nothing (write 1, 10% or more)',
      '9: spec.rollout.waves[0].concurrency: must be at most 50 (for example 10% or 5)',
    ],
  ],
  [
    'a topology that does not sum to 100',
    serviceText('  topology:\n    onprem-fra1: { onprem-fra1: 80, gcp-europe-west1: 10 }\n'),
    ['7: spec.topology.onprem-fra1: the shares sum to 90 percent (they must sum to 100: 10 are missing)'],
  ],
  [
    'a topology with an unknown cluster',
    serviceText('  topology:\n    onprem-fra1: { onprem-fra1: 80, gcp-europe-west: 20 }\n'),
    [
      '7: spec.topology.onprem-fra1.gcp-europe-west: mesh shop has no cluster gcp-europe-west (did you mean gcp-europe-west1?)',
    ],
  ],
  [
    "a latency objective between two edges of Envoy's histogram, although servers have it",
    latency('0.75').replace('opentelemetry-http-server', 'envoy-cluster'),
    ['9: spec.slos[0].objectives[0].value: 0.75 s is no edge of the duration histogram (use 0.5 or 1)'],
  ],
  [
    'a status class of RPC',
    sloText(`- name: errors
  indicator:
    ratioMetric:
      bad: { metricSource: { type: opentelemetry-rpc-server, spec: { statusClass: 5xx } } }
      total: { metricSource: { type: opentelemetry-rpc-server } }
  objectives: [{ target: 0.99 }]`),
    [
      '10: spec.slos[0].indicator.ratioMetric.bad.metricSource.spec.statusClass: RPC has no status classes (leave it out: the status codes that are errors of servers count, or those of codes)',
    ],
  ],
  [
    'a latency objective between two edges of the histogram',
    latency('0.3'),
    ['9: spec.slos[0].objectives[0].value: 0.3 s is no edge of the duration histogram (use 0.25 or 0.5)'],
  ],
  [
    'a latency objective without threshold',
    latency('null').replace(', value: null', ''),
    ['9: spec.slos[0].objectives[0]: a latency objective needs op and value (write op: lte and value: 0.25 (seconds))'],
  ],
  [
    'good requests instead of bad ones',
    sloText(`- name: errors
  indicator:
    ratioMetric:
      bad: { metricSource: { type: envoy-cluster } }
      good: { metricSource: { type: envoy-cluster } }
      total: { metricSource: { type: envoy-clusters } }
  objectives: [{ target: 1 }]`),
    [
      '11: spec.slos[0].indicator.ratioMetric.good: unknown key good (count the failed requests instead: bad: {metricSource: {type, spec: {statusClass: 5xx}}})',
      '12: spec.slos[0].indicator.ratioMetric.total.metricSource.type: must be opentelemetry-http-server or opentelemetry-rpc-server or envoy-cluster or envoy-cluster-grpc (did you mean envoy-cluster?)',
      '13: spec.slos[0].objectives[0].target: must be below 1 (for example 0.99)',
    ],
  ],
  [
    'a mesh that is not there',
    serviceText().replace('mesh: shop', 'mesh: shpo'),
    ['5: spec.mesh: there is no mesh shpo (did you mean shop?)'],
  ],
  [
    'a service without a mesh',
    serviceText().replace('spec:\n  mesh: shop', 'spec: {}'),
    ['4: spec.mesh: is missing (for example shop)'],
  ],
  [
    'two documents of one name',
    `${serviceText()}---\n${serviceText()}`,
    ['9: metadata.name: Service shop/checkout is already defined at service.yaml:3 (keep one of them)'],
  ],
  [
    'broken YAML',
    serviceText('  policy: { requestTimeout: 1s\n'),
    [
      '7: broken YAML: Flow map in block collection must be sufficiently indented and end with a } (check indentation, quotes and brackets there)',
    ],
  ],
  [
    'a key that stands twice',
    serviceText('  port: http\n  port: grpc\n'),
    ['7: broken YAML: the key port stands twice (check indentation, quotes and brackets there)'],
  ],
  [
    'an unknown kind',
    serviceText().replace('kind: Service', 'kind: Servce'),
    ['2: kind: unknown kind Servce (did you mean Service?)'],
  ],
  [
    'an old apiVersion',
    serviceText().replace('v1alpha1', 'v1'),
    ['1: apiVersion: must be tidegate.dev/v1alpha1 (write tidegate.dev/v1alpha1)'],
  ],
  [
    'a Kubernetes object among the config files',
    'apiVersion: v1\nkind: Service\nmetadata: { name: x }\n',
    [
      '1: apiVersion: unknown apiVersion v1 (this is a Kubernetes Service: keep it in another folder, or name it as a template)',
    ],
  ],
  [
    'a document that is no mapping',
    '- a\n- b\n',
    [
      '1: the document is not a mapping (start it with apiVersion: tidegate.dev/v1alpha1 and kind: Mesh, Service, Sender, Trigger or Sink)',
    ],
  ],
  [
    'an alias to nothing',
    serviceText('  port: *p\n'),
    ['6: broken YAML: alias *p has no anchor before it (check indentation, quotes and brackets there)'],
  ],
  [
    'a template that is not there',
    serviceText('  template: w/checkout.yaml\n'),
    ['6: spec.template: w/checkout.yaml cannot be read (the path starts at the folder of this file)'],
  ],
];

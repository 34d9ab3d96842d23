/**
 * A namespace as a hundred teams would have it: objects of a shop, each with a few fields changed, by hand-made changes that
 * people's manifests have, and by blind ones that no manifest should have.
 */
import type { KubeObject } from '../../core/kube/objects.ts';
import type { Random } from '../bench/judge/random.ts';

/** Plain JSON, changed in place. */
type Json = Record<string, unknown>;

export interface Mutated {
  readonly objects: readonly KubeObject[];
  /** Those of them that were changed. */
  readonly changed: ReadonlySet<KubeObject>;
  /** What was changed, for whoever reads a failure. */
  readonly changes: readonly string[];
}

export function mutated(base: readonly KubeObject[], random: Random): Mutated {
  const objects = structuredClone(base) as unknown as (KubeObject & Json)[];
  const changed = new Set<KubeObject>();
  const count = 1 + Math.floor(random.uniform() * 3);
  const changes = Array.from({ length: count }, () => {
    const target = pick(objects, random);
    changed.add(target);
    const known = typical[target.kind] ?? [];
    const where = `${target.kind}/${target.metadata.name}`;
    // Nothing here checks routes of Gateway API as its CRDs do.
    if (target.kind === 'HTTPRoute' || (known.length > 0 && random.uniform() < 0.6)) {
      const [name, change] = pick(known, random);
      change(target, random);
      return `${where}: ${name}`;
    }
    return `${where}: ${blindly(target, random)}`;
  });
  return { objects, changed, changes };
}

const pick = <T>(from: readonly T[], { uniform }: Random): T => from[Math.floor(uniform() * from.length)] as T;

type Change = readonly [name: string, change: (object: Json, random: Random) => void];

const isMap = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value);
const specOf = (object: Json): Json => mapIn(object, 'spec');
const metaOf = (object: Json): Json => object['metadata'] as Json;
/** An earlier change may have put something else there. */
function mapIn(parent: Json, key: string): Json {
  const found = parent[key];
  return isMap(found) ? found : (parent[key] = {});
}
function listIn(parent: Json, key: string): Json[] {
  const found = parent[key];
  return Array.isArray(found) && found.every(isMap) ? found : (parent[key] = []);
}
const templateOf = (object: Json): Json => mapIn(specOf(object), 'template');
const podOf = (object: Json): Json => mapIn(templateOf(object), 'spec');
const podLabelsOf = (object: Json): Json => mapIn(mapIn(templateOf(object), 'metadata'), 'labels');
const containersOf = (object: Json): Json[] => listIn(podOf(object), 'containers');
const setting =
  (key: string, ...values: unknown[]): Change[1] =>
  (object, random) => {
    specOf(object)[key] = pick(values, random);
  };
const labelled =
  (key: string, ...values: unknown[]): Change[1] =>
  (object, random) => {
    mapIn(metaOf(object), 'labels')[key] = pick(values, random);
  };
const annotated =
  (key: string, ...values: unknown[]): Change[1] =>
  (object, random) => {
    mapIn(metaOf(object), 'annotations')[key] = pick(values, random);
  };

/** Values of what people write, kind by kind. */
const typical: Readonly<Record<string, readonly Change[]>> = {
  Service: [
    ['type', setting('type', 'NodePort', 'LoadBalancer', 'ExternalName', 'ClusterIP')],
    ['headless', setting('clusterIP', 'None')],
    ['session affinity', setting('sessionAffinity', 'ClientIP', 'None')],
    ['internal traffic policy', setting('internalTrafficPolicy', 'Local', 'Cluster')],
    ['external traffic policy', setting('externalTrafficPolicy', 'Local', 'Cluster')],
    ['traffic distribution', setting('trafficDistribution', 'PreferClose', 'PreferSameNode')],
    ['families', setting('ipFamilies', ['IPv4'], ['IPv6'], ['IPv4', 'IPv6'])],
    ['not ready addresses', setting('publishNotReadyAddresses', true)],
    ['external addresses', setting('externalIPs', ['192.0.2.7'])],
    ['global', annotated('service.cilium.io/global', 'true', 'TRUE', 'yes', '1', 'false')],
    ['global, the old key', annotated('io.cilium/global-service', 'true', 'True', '0')],
    ['affinity', annotated('service.cilium.io/affinity', 'local', 'remote', 'none', 'Local')],
    [
      'selector',
      (object, random) => void (mapIn(specOf(object), 'selector')[pick(keys, random)] = pick(values, random)),
    ],
    ['no selector', (object) => void delete specOf(object)['selector']],
    [
      'a second port',
      (object) => void listIn(specOf(object), 'ports').push({ name: 'admin', port: 9000, protocol: 'TCP' }),
    ],
    ['port', (object, random) => Object.assign(listIn(specOf(object), 'ports')[0] ?? {}, pick(ports, random))],
  ],
  Deployment: [
    ['replicas', setting('replicas', 0, 1, 250)],
    [
      'strategy',
      setting('strategy', { type: 'Recreate' }, { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%' } }),
    ],
    ['seconds', setting('minReadySeconds', 0, 30)],
    ['paused', setting('paused', true)],
    ['history', setting('revisionHistoryLimit', 0, 1)],
    ['pod label', (object, random) => void (podLabelsOf(object)[pick(keys, random)] = pick(values, random))],
    ['own label', labelled('team', 'pay', 'x'.repeat(63))],
    ['own annotation', annotated('example.com/notes', 'y'.repeat(5_000), '')],
    ['image', (object, random) => void Object.assign(containersOf(object)[0] ?? {}, { image: pick(images, random) })],
    ['a sidecar', (object, random) => void containersOf(object).push({ name: 'proxy', image: pick(images, random) })],
    [
      'an init container',
      (object, random) =>
        void listIn(podOf(object), 'initContainers').push({
          name: 'migrate',
          image: pick(images, random),
          args: ['up'],
        }),
    ],
    [
      'environment',
      (object, random) => void listIn(containersOf(object)[0] ?? {}, 'env').push(pick(variables, random)),
    ],
    [
      'resources',
      (object) =>
        void Object.assign(containersOf(object)[0] ?? {}, { resources: { limits: { cpu: 1, memory: '1.5Gi' } } }),
    ],
    ['host network', (object) => void (podOf(object)['hostNetwork'] = true)],
    ['grace', (object) => void (podOf(object)['terminationGracePeriodSeconds'] = 0)],
    [
      'expressions',
      (object) => void (mapIn(specOf(object), 'selector')['matchExpressions'] = [{ key: 'app', operator: 'Exists' }]),
    ],
  ],
  HorizontalPodAutoscaler: [
    ['least', setting('minReplicas', 1, 3, 20)],
    ['most', setting('maxReplicas', 1, 2, 500)],
    ['target', setting('scaleTargetRef', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'other' })],
    [
      'held by somebody',
      annotated('tidegate.dev/held', '{}', 'null', '{"minReplicas":2,"for":"v0","service":"checkout"}'),
    ],
  ],
  PodDisruptionBudget: [
    ['every pod', setting('selector', {})],
    ['no pod', setting('selector', null)],
    [
      'expressions',
      setting(
        'selector',
        { matchExpressions: [{ key: 'app', operator: 'In', values: ['checkout'] }] },
        { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['x'] }] },
      ),
    ],
    ['least', (object) => void Object.assign(specOf(object), { minAvailable: '50%', maxUnavailable: undefined })],
  ],
  EndpointSlice: [
    ['ready is not set', (object) => listIn(object, 'endpoints').forEach((one) => void (one['conditions'] = {}))],
    ['no endpoints', (object) => void (object['endpoints'] = null)],
    ['IPv6', (object) => void (object['addressType'] = 'IPv6')],
  ],
  HTTPRoute: [
    ['another namespace', (object) => void (metaOf(object)['namespace'] = 'elsewhere')],
    [
      'parents',
      setting(
        'parentRefs',
        [{ kind: 'Service', group: '', name: 'checkout' }],
        [{ kind: 'Service', group: '', name: 'checkout', namespace: 'other' }],
        [],
      ),
    ],
    ['rules', setting('rules', [{ backendRefs: [{ name: 'checkout', port: 8080 }] }], [{ backendRefs: null }], [{}])],
  ],
  CiliumEnvoyConfig: [
    ['services', setting('services', [{ name: 'checkout', namespace: 'elsewhere' }], [{ name: 'checkout' }], null)],
    ['backends', setting('backendServices', [{ name: 'checkout', namespace: 'elsewhere', number: ['8080'] }])],
  ],
};

const keys = [
  'app',
  'tier',
  'version',
  'app.kubernetes.io/version',
  'tidegate.dev/version',
  'pod-template-hash',
  'rollouts-pod-template-hash',
];
const values = ['checkout', 'v1', 'v2', 'web', '', 'a'.repeat(63), '6c9f7d8b5'];
const images = [
  'registry.lab/checkout:v1',
  'registry.lab:5000/team/checkout@sha256:' + 'a'.repeat(64),
  'checkout',
  'other/app:1',
  '',
];
const ports = [
  { protocol: 'UDP' },
  { protocol: 'SCTP' },
  { appProtocol: 'kubernetes.io/h2c' },
  { appProtocol: 'https' },
  { name: 'grpc' },
  { name: 'postgres' },
  { targetPort: 'web' },
  { targetPort: 'nowhere' },
  { port: 65_535 },
  { nodePort: 30_080 },
];
const variables = [
  { name: 'OTEL_RESOURCE_ATTRIBUTES', value: 'service.version=v1' },
  { name: 'OTEL_RESOURCE_ATTRIBUTES', value: 'service.version = v1 , a=%20b,,=' },
  { name: 'OTEL_RESOURCE_ATTRIBUTES', valueFrom: { configMapKeyRef: { name: 'otel', key: 'attributes' } } },
  { name: 'APP_VERSION', value: 'v1' },
  { name: 'JAVA_TOOL_OPTIONS', value: '-Dotel.resource.attributes=service.version=v1' },
  { name: 'EMPTY' },
];

const odd: readonly unknown[] = [
  null,
  {},
  [],
  '',
  0,
  -1,
  true,
  'x'.repeat(300),
  { a: { b: {} } },
  [null],
  'v1',
  '{{ .Values.x }}',
];

/** What makes an object the one that it is, and what only API servers and controllers write. */
const untouched =
  /^(?:apiVersion|kind|status.*|metadata(?:\.(?:name|namespace|managedFields.*|resourceVersion|uid|generation|creationTimestamp))?)$/;

/** One field anywhere below spec or metadata. */
function blindly(object: Json, random: Random): string {
  const paths = pathsOf(object).filter((path) => !untouched.test(path.join('.')));
  // The change before may have taken the last of it.
  const path = paths.length === 0 ? undefined : pick(paths, random);
  if (path === undefined) return 'nothing is left that could be changed';
  const last = path.at(-1) ?? '';
  const parent = path.slice(0, -1).reduce<unknown>((at, key) => (at as Json)[key], object) as Json;
  const text = path.join('.');
  if (random.uniform() < 0.3) {
    if (Array.isArray(parent)) parent.splice(Number(last), 1);
    else delete parent[last];
    return `${text} is gone`;
  }
  if (Array.isArray(parent) && random.uniform() < 0.3) {
    parent.push(structuredClone(parent[Number(last)]));
    return `${text} is there twice`;
  }
  parent[last] = structuredClone(pick(odd, random));
  return `${text} = ${JSON.stringify(parent[last]).slice(0, 40)}`;
}

function pathsOf(value: unknown, path: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return path.length === 0 ? [] : [[...path]];
  const below = Object.entries(value).flatMap(([key, one]) => pathsOf(one, [...path, key]));
  return path.length === 0 ? below : [[...path], ...below];
}

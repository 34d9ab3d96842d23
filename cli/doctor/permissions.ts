/** What Tidegate does with each kind of object: the one table beside infra/kubernetes/rbac.yaml; a test compares them. */
import type { KubeCluster } from '../../platform/kube/clusters.ts';
import { kinds, resourcePath } from '../../core/kube/kinds.ts';
import type { Finding } from './check.ts';

type Verb = 'get' | 'list' | 'create' | 'patch' | 'delete';

/** Server-side apply is `patch`, and `create` too when the object is not there yet. */
const write = ['get', 'list', 'create', 'patch', 'delete'] as const;
const read = ['list'] as const;

interface Permission {
  readonly verbs: readonly Verb[];
  readonly why: string;
  /** Observation in all namespaces at once, not only in the service's. */
  readonly clusterwide?: boolean;
  /** Whoever wants what it is for grants it; missing, it is no fault. */
  readonly optIn?: boolean;
}

const other = 'to say what serves a service that no Deployment does';

const permissions = {
  service: { verbs: write, why: 'subset Services; pin and pauses on the frontend' },
  deployment: { verbs: write, why: 'a Deployment per version' },
  envoyConfig: { verbs: write, why: 'the weights, with the routing record' },
  autoscaler: { verbs: write, why: 'autoscalers are held while a rollout runs, and copied' },
  job: {
    verbs: ['get', 'create', 'patch', 'delete'],
    why: 'Jobs before the first share of a version (rollout.before)',
  },
  scaledObject: { verbs: write, why: "KEDA's autoscalers are held while a rollout runs, and copied" },
  resourceQuota: { verbs: read, why: 'to say before the first pod that a quota has no room' },
  limitRange: { verbs: read, why: 'what pods ask for that do not say' },
  disruptionBudget: { verbs: write, why: 'one budget over all versions of a service' },
  endpointSlice: { verbs: read, why: 'no pin to a version without ready pods' },
  pod: { verbs: read, why: 'to say why the pods of a version do not get ready' },
  event: { verbs: read, why: 'to say why the pods of a version do not get ready' },
  configMap: { verbs: ['get', 'create', 'patch'], why: 'config that changed, and copies of it', optIn: true },
  secret: { verbs: ['get', 'create', 'patch'], why: 'config that changed, and copies of it', optIn: true },
  statefulSet: { verbs: read, why: other },
  daemonSet: { verbs: read, why: other },
  argoRollout: { verbs: read, why: other },
  clusterwideEnvoyConfig: { verbs: read, why: 'to find foreign routes', clusterwide: true },
  httpRoute: { verbs: read, why: 'to find foreign routes, and who is not canaried' },
  grpcRoute: { verbs: read, why: 'to find foreign routes, and who is not canaried' },
  ingress: { verbs: read, why: 'to say who is not canaried' },
} as const satisfies Record<keyof typeof kinds, Permission>;

export interface Grant {
  readonly group: string;
  readonly resource: string;
  readonly verb: Verb;
  readonly clusterwide: boolean;
  readonly why: string;
}

/** What is no kind of its own. */
const subresources: readonly Grant[] = [
  {
    ...{ group: '', resource: 'pods/log', verb: 'get', clusterwide: false },
    why: 'the end of the log of a Job that has failed',
  },
];

/** The table as single grants, in the words of Kubernetes' RBAC. `optIn`: those of infra/kubernetes/rbac-config.yaml. */
export function grants(optIn = false): Grant[] {
  const named = Object.keys(kinds) as (keyof typeof kinds)[];
  const ofKinds = named.flatMap((name) => {
    const permission: Permission = permissions[name];
    if ((permission.optIn === true) !== optIn) return [];
    const { apiVersion } = kinds[name];
    const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
    const resource = resourcePath(kinds[name], {}).split('/').at(-1) ?? '';
    const clusterwide = permission.clusterwide === true;
    return permission.verbs.map((verb): Grant => ({ group, resource, verb, clusterwide, why: permission.why }));
  });
  return optIn ? ofKinds : [...ofKinds, ...subresources];
}

interface AccessReview {
  readonly status?: { readonly allowed?: boolean; readonly reason?: string };
}

/** Asks the API server itself, so that every authorizer (RBAC, IAM, webhooks) has its say. */
async function isAllowed(cluster: KubeCluster, grant: Grant, namespace: string): Promise<boolean> {
  const { group, verb, clusterwide } = grant;
  const [resource, subresource] = grant.resource.split('/');
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { group, resource, subresource, verb, ...(clusterwide ? {} : { namespace }) } },
  };
  const answer = await cluster.ask<AccessReview>('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review);
  return answer?.status?.allowed === true;
}

export interface Refused extends Grant {
  readonly namespace: string;
}

export async function refusedGrants(cluster: KubeCluster, namespaces: readonly string[]): Promise<Refused[]> {
  const asked = grants().flatMap((grant) =>
    (grant.clusterwide ? [''] : namespaces).map((namespace): Refused => ({ ...grant, namespace })),
  );
  const answers = await Promise.all(asked.map((one) => isAllowed(cluster, one, one.namespace)));
  return asked.filter((_, i) => answers[i] !== true);
}

/** One finding per cluster, a line per resource and namespace: one edit of the role repairs it. */
export function permissionFindings(cluster: string, refused: readonly Refused[]): Finding[] {
  if (refused.length === 0) return [];
  const byResource = Map.groupBy(refused, ({ group, resource, namespace }) =>
    JSON.stringify([group, resource, namespace]),
  );
  const lines = [...byResource.values()].map(refusedLine);
  return [
    {
      severity: 'error',
      text: [`${cluster}: the user of this kubeconfig may not`, ...lines].join('\n'),
      fix: 'an administrator applies infra/kubernetes/rbac.yaml there, and rbac-namespace.yaml in each namespace, bound to that user',
    },
  ];
}

function refusedLine(missing: readonly Refused[]): string {
  const [{ group, resource, namespace, why } = { group: '', resource: '', namespace: '', why: '' }] = missing;
  const verbs = missing.map(({ verb }) => verb).join(', ');
  const name = group === '' ? resource : `${resource}.${group}`;
  const where = namespace === '' ? 'in all namespaces' : `in namespace ${namespace}`;
  return `${verbs} ${name} ${where} (${why})`;
}

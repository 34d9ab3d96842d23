/**
 * What Tidegate does in a cluster, as Kubernetes' RBAC counts it: the one table. Who shows or asks for rights takes it from
 * here (`tidegate rbac`, `doctor`, `clusters check`); infra/kubernetes/rbac.yaml is compared with it by a test, and what the
 * activities really call by another.
 *
 *   needs ──grants(use)──► Grant[] ──policyRules──► rules of roles ──desiredRoles──► manifests
 *
 * Nothing is asked of an API server here.
 */
import { kinds, resourcePath, type ResourceType } from '../kinds.ts';

export type Verb = 'get' | 'list' | 'create' | 'patch' | 'delete';

/** The namespaces of services, one by one; the whole cluster; or the namespace where Cilium runs. */
export type Scope = 'services' | 'everywhere' | 'cilium';

/** Where Cilium's chart puts it by default. */
export const CILIUM_NAMESPACE = 'kube-system';

export interface Grant {
  readonly group: string;
  /** With the subresource, as in `pods/log`. */
  readonly resource: string;
  readonly verb: Verb;
  readonly scope: Scope;
  /** These objects alone; empty: all of the kind. */
  readonly names: readonly string[];
  /** Without it something is not seen, and what depends on it says so; all others stop a rollout. */
  readonly optional: boolean;
  readonly why: string;
}

/** What the services of a mesh make use of. */
export interface RightsUse {
  /** Jobs before the first share of a version (`rollout.before`). */
  readonly before: boolean;
  /** ConfigMaps and Secrets of pods: not looked at, compared, or copied for each version. */
  readonly config: 'none' | 'read' | 'copy';
  /** Routes of all namespaces are listed, since any of them may name a service. */
  readonly foreignRoutes: boolean;
}

/** The role of everybody, infra/kubernetes/rbac.yaml: all but the rights on ConfigMaps and Secrets. */
export const usualUse: RightsUse = { before: true, config: 'none', foreignRoutes: true };

interface Need {
  readonly type: ResourceType;
  readonly subresource?: string;
  readonly verbs: readonly Verb[];
  readonly why: string;
  readonly scope?: Scope;
  readonly names?: readonly string[];
  readonly optional?: boolean;
  /** Missing: every mesh needs it. */
  readonly when?: (use: RightsUse) => boolean;
}

/** Server-side apply is `patch`, and `create` too when the object is not there yet. */
const write = ['get', 'list', 'create', 'patch', 'delete'] as const;
const list = ['list'] as const;

const other = 'to say what serves a service that no Deployment does';
const foreign = 'to find foreign routes, and who is not canaried';
const pods = 'to say why the pods of a version do not get ready';
const readsConfig = 'to compare the config of versions';
const copiesConfig = 'copies of config for each version';

const compared = ({ config }: RightsUse): boolean => config !== 'none';
const copied = ({ config }: RightsUse): boolean => config === 'copy';
const seesAll = ({ foreignRoutes }: RightsUse): boolean => foreignRoutes;
const runsJobs = ({ before }: RightsUse): boolean => before;

const needs: readonly Need[] = [
  { type: kinds.service, verbs: write, why: 'subset Services; pin and pauses on the frontend' },
  { type: kinds.deployment, verbs: write, why: 'a Deployment per version' },
  { type: kinds.envoyConfig, verbs: write, why: 'the weights, with the routing record' },
  { type: kinds.autoscaler, verbs: write, why: 'autoscalers are held while a rollout runs, and copied' },
  { type: kinds.scaledObject, verbs: write, why: "KEDA's autoscalers are held while a rollout runs, and copied" },
  { type: kinds.disruptionBudget, verbs: write, why: 'one budget over all versions of a service' },
  { type: kinds.resourceQuota, verbs: list, why: 'to say before the first pod that a quota has no room' },
  { type: kinds.limitRange, verbs: list, why: 'what pods ask for that do not say' },
  { type: kinds.endpointSlice, verbs: list, why: 'no pin to a version without ready pods' },
  { type: kinds.pod, verbs: list, why: pods },
  { type: kinds.event, verbs: list, why: pods },
  { type: kinds.statefulSet, verbs: list, why: other },
  { type: kinds.daemonSet, verbs: list, why: other },
  { type: kinds.argoRollout, verbs: list, why: other },
  { type: kinds.httpRoute, verbs: list, why: foreign },
  { type: kinds.grpcRoute, verbs: list, why: foreign },
  { type: kinds.ingress, verbs: list, why: 'to say who is not canaried' },
  { type: kinds.job, verbs: ['get', 'create', 'patch', 'delete'], why: 'Jobs before a version', when: runsJobs },
  { type: kinds.pod, subresource: 'log', verbs: ['get'], why: 'the log of a Job that has failed', when: runsJobs },
  { type: kinds.configMap, verbs: ['get'], why: readsConfig, when: compared },
  { type: kinds.secret, verbs: ['get'], why: readsConfig, when: compared },
  { type: kinds.configMap, verbs: ['create', 'patch'], why: copiesConfig, when: copied },
  { type: kinds.secret, verbs: ['create', 'patch'], why: copiesConfig, when: copied },
  { type: kinds.clusterwideEnvoyConfig, verbs: list, scope: 'everywhere', why: 'to find foreign routes' },
  { type: kinds.envoyConfig, verbs: list, scope: 'everywhere', why: foreign, optional: true, when: seesAll },
  { type: kinds.httpRoute, verbs: list, scope: 'everywhere', why: foreign, optional: true, when: seesAll },
  { type: kinds.grpcRoute, verbs: list, scope: 'everywhere', why: foreign, optional: true, when: seesAll },
  {
    ...{ type: kinds.daemonSet, verbs: ['get'], scope: 'cilium', names: ['cilium-envoy', 'cilium'], optional: true },
    why: 'which Cilium and which Envoy run',
  },
  {
    ...{ type: kinds.configMap, verbs: ['get'], scope: 'cilium', names: ['cilium-config'], optional: true },
    why: "the cluster's id and name in the mesh",
  },
];

/** The table as single rights. */
export const grants = (use: RightsUse = usualUse): readonly Grant[] =>
  needs.filter(({ when }) => when === undefined || when(use)).flatMap(grantsOf);

function grantsOf({ type, subresource, verbs, why, scope = 'services', names = [], optional = false }: Need): Grant[] {
  const { apiVersion } = type;
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
  const plural = resourcePath(type, {}).split('/').at(-1) ?? '';
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  return verbs.map((verb) => ({ group, resource, verb, scope, names, optional, why }));
}

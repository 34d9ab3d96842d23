/** Where each kind lives in the API: one table instead of discovery, since the kinds are few and fixed. */
import { TidegateError } from '../values/error.ts';

export interface ResourceType {
  readonly apiVersion: string;
  readonly kind: string;
}

export const kinds = {
  service: { apiVersion: 'v1', kind: 'Service' },
  pod: { apiVersion: 'v1', kind: 'Pod' },
  event: { apiVersion: 'v1', kind: 'Event' },
  configMap: { apiVersion: 'v1', kind: 'ConfigMap' },
  secret: { apiVersion: 'v1', kind: 'Secret' },
  endpointSlice: { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' },
  deployment: { apiVersion: 'apps/v1', kind: 'Deployment' },
  statefulSet: { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  daemonSet: { apiVersion: 'apps/v1', kind: 'DaemonSet' },
  argoRollout: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout' },
  autoscaler: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler' },
  job: { apiVersion: 'batch/v1', kind: 'Job' },
  scaledObject: { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject' },
  resourceQuota: { apiVersion: 'v1', kind: 'ResourceQuota' },
  limitRange: { apiVersion: 'v1', kind: 'LimitRange' },
  disruptionBudget: { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
  envoyConfig: { apiVersion: 'cilium.io/v2', kind: 'CiliumEnvoyConfig' },
  clusterwideEnvoyConfig: { apiVersion: 'cilium.io/v2', kind: 'CiliumClusterwideEnvoyConfig' },
  ingress: { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
  httpRoute: { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' },
  grpcRoute: { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GRPCRoute' },
} as const satisfies Record<string, ResourceType>;

const plurals: Readonly<Record<string, string>> = {
  Service: 'services',
  Pod: 'pods',
  Event: 'events',
  ConfigMap: 'configmaps',
  Secret: 'secrets',
  EndpointSlice: 'endpointslices',
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
  Rollout: 'rollouts',
  HorizontalPodAutoscaler: 'horizontalpodautoscalers',
  Job: 'jobs',
  ScaledObject: 'scaledobjects',
  ResourceQuota: 'resourcequotas',
  LimitRange: 'limitranges',
  PodDisruptionBudget: 'poddisruptionbudgets',
  CiliumEnvoyConfig: 'ciliumenvoyconfigs',
  CiliumClusterwideEnvoyConfig: 'ciliumclusterwideenvoyconfigs',
  Ingress: 'ingresses',
  HTTPRoute: 'httproutes',
  GRPCRoute: 'grpcroutes',
  ClusterProfile: 'clusterprofiles',
  Mesh: 'meshes',
  Sender: 'senders',
  Trigger: 'triggers',
  Sink: 'sinks',
};

/** Path of one object, or of the list when `name` is absent. No namespace: cluster-scoped. */
export function resourcePath(type: ResourceType, at: { namespace?: string | undefined; name?: string }): string {
  const plural = plurals[type.kind];
  if (plural === undefined)
    throw new TidegateError('Invalid', `kind ${type.kind} (${type.apiVersion}) is not one that Tidegate handles`);
  const root = type.apiVersion.includes('/') ? `/apis/${type.apiVersion}` : `/api/${type.apiVersion}`;
  const scope = at.namespace === undefined ? '' : `/namespaces/${encodeURIComponent(at.namespace)}`;
  const name = at.name === undefined ? '' : `/${encodeURIComponent(at.name)}`;
  return `${root}${scope}/${plural}${name}`;
}

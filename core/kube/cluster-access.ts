/**
 * How the API server of a cluster is reached, as a config says it. Names and addresses only: what proves who calls is found
 * by the worker, in files, in its environment or at its cloud, and is never written here.
 */

/** A file on the worker's machine, read again whenever it changes. */
export interface KubeconfigAccess {
  readonly kind: 'kubeconfig';
  readonly path: string;
  /** Absent: the file's current context. */
  readonly context?: string;
}

/** Amazon EKS: the address by DescribeCluster, the caller by a presigned request to STS. */
export interface EksAccess {
  readonly kind: 'eks';
  readonly cluster: string;
  readonly region: string;
  /** Taken on by the worker's own identity. Absent: the worker calls as itself. */
  readonly roleArn?: string;
  /** As the role's trust policy asks for it. */
  readonly externalId?: string;
}

/** Google GKE: by the API of GKE, or over the connect gateway of a fleet. */
export type GkeAccess = GkeClusterAccess | GkeGatewayAccess;

export interface GkeClusterAccess {
  readonly kind: 'gke';
  readonly project: string;
  /** A region or a zone. */
  readonly location: string;
  readonly cluster: string;
  /** dns: the cluster's name under gke.goog; ip: the address of its control plane; private: the one inside the network. */
  readonly endpoint: 'dns' | 'ip' | 'private';
}

export interface GkeGatewayAccess {
  readonly kind: 'gke';
  /** Number of the fleet's project, as digits. */
  readonly projectNumber: string;
  readonly location: string;
  readonly membership: string;
}

export type AzureCloud = 'public' | 'china' | 'usGovernment';

/** Azure AKS: the address by Azure Resource Manager, the caller by Entra ID. */
export interface AksAccess {
  readonly kind: 'aks';
  readonly subscription: string;
  readonly resourceGroup: string;
  readonly cluster: string;
  readonly cloud: AzureCloud;
}

/** The cluster in which the worker itself runs, by its service account. */
export interface InClusterAccess {
  readonly kind: 'inCluster';
}

/** Everything that stands by itself. */
export type DirectAccess = KubeconfigAccess | EksAccess | GkeAccess | AksAccess | InClusterAccess;

/** A ClusterProfile (multicluster.x-k8s.io) in a hub cluster says where the API server is, and of which cloud it is. */
export interface ClusterProfileAccess {
  readonly kind: 'clusterProfile';
  readonly hub: DirectAccess;
  readonly namespace: string;
  readonly name: string;
  /** For clusters of EKS, as in `EksAccess`: the hub has no say in which role the worker takes on. */
  readonly roleArn?: string;
  /** For clusters whose provider is named `kubeconfig`: a file of the worker, with a context of the profile's name. */
  readonly kubeconfigPath?: string;
}

/** The ways to reach an API server. */
export type ClusterAccess = DirectAccess | ClusterProfileAccess;

/** Where that is, for people at the machine: `context aws of /etc/kube/config`. */
export function describeAccess(access: ClusterAccess): string {
  switch (access.kind) {
    case 'kubeconfig':
      return `context ${access.context ?? '(current)'} of ${access.path}`;
    case 'eks':
      return `EKS cluster ${access.cluster} in ${access.region}${access.roleArn === undefined ? '' : ` as ${access.roleArn}`}`;
    case 'gke':
      return 'membership' in access
        ? `membership ${access.membership} of fleet ${access.projectNumber} (${access.location})`
        : `GKE cluster ${access.cluster} in ${access.project}/${access.location}`;
    case 'aks':
      return `AKS cluster ${access.cluster} in resource group ${access.resourceGroup}`;
    case 'inCluster':
      return "the service account of the worker's own pod";
    case 'clusterProfile':
      return `ClusterProfile ${access.namespace}/${access.name} in the hub: ${describeAccess(access.hub)}`;
  }
}

/** The same access with every path of a file on the worker's machine made by `absolute`. */
export function withPaths(access: ClusterAccess, absolute: (path: string) => string): ClusterAccess {
  if (access.kind !== 'clusterProfile') return withOwnPath(access, absolute);
  const { kubeconfigPath } = access;
  return {
    ...access,
    hub: withOwnPath(access.hub, absolute),
    ...(kubeconfigPath !== undefined && { kubeconfigPath: absolute(kubeconfigPath) }),
  };
}

const withOwnPath = (access: DirectAccess, absolute: (path: string) => string): DirectAccess =>
  access.kind === 'kubeconfig' ? { ...access, path: absolute(access.path) } : access;

/** What is to be done beside the manifests so that a cloud's identity becomes the subject of the bindings. Pure text. */
import type { Subject } from '../../core/kube/rights/roles.ts';
import { refuse } from '../../core/values/error.ts';

export const clouds = ['eks', 'gke', 'aks'] as const;
export type Cloud = (typeof clouds)[number];

/** Whom the bindings name unless somebody is named: the user of infra/kubernetes, and on EKS a group of an access entry. */
export function defaultSubject(cloud: Cloud | undefined): Subject {
  switch (cloud) {
    case undefined:
      return { kind: 'User', name: 'tidegate' };
    case 'eks':
      return { kind: 'Group', name: 'tidegate' };
    case 'gke':
      return refuse(
        'Invalid',
        'GKE knows callers by e-mail address, and none is named',
        'name the service account of the workers: --subject user:NAME@PROJECT.iam.gserviceaccount.com; or a Google group: --subject group:NAME@DOMAIN',
      );
    case 'aks':
      return refuse(
        'Invalid',
        'AKS knows callers by object id of Microsoft Entra, and none is named',
        'name a group of Entra that the identity of the workers is in: --subject group:OBJECT_ID; or the identity itself: --subject user:OBJECT_ID',
      );
  }
}

/** Comment lines, so that the whole output can be applied. Words in capitals are the reader's to fill in. */
export function grantText(cloud: Cloud, { kind, name }: Subject): string {
  const lines = linesOf(cloud, { kind, name });
  return `${lines.map((line) => `# ${line}`.trimEnd()).join('\n')}\n`;
}

function linesOf(cloud: Cloud, { kind, name }: Pick<Subject, 'kind' | 'name'>): readonly string[] {
  switch (cloud) {
    case 'eks':
      return [
        'Beside these roles, once per cluster (authentication mode API or API_AND_CONFIG_MAP): an access entry for the IAM role',
        'of the workers. It needs no access policy; the IAM role itself needs eks:DescribeCluster on the cluster.',
        '',
        kind === 'Group'
          ? `  aws eks create-access-entry --cluster-name CLUSTER --principal-arn ROLE_ARN --kubernetes-groups ${name}`
          : `  aws eks create-access-entry --cluster-name CLUSTER --principal-arn ROLE_ARN --username ${name}`,
        '',
      ];
    case 'gke':
      return [
        'Beside these roles, once per project: a role of IAM that finds and connects to clusters, and may do nothing in them.',
        ...(kind === 'Group'
          ? ['The cluster needs Google Groups for RBAC, and the group is in gke-security-groups@DOMAIN.']
          : []),
        '',
        '  gcloud iam roles create tidegateConnect --project PROJECT --permissions container.clusters.get,container.clusters.connect',
        `  gcloud projects add-iam-policy-binding PROJECT --member ${kind === 'Group' ? 'group' : 'serviceAccount'}:${name} --role projects/PROJECT/roles/tidegateConnect`,
        '',
      ];
    case 'aks':
      return [
        'Beside these roles, once per cluster (Microsoft Entra integration with Kubernetes RBAC, local accounts off): the right to',
        'fetch the address and the authority of the cluster.',
        '',
        `  az role assignment create --role "Azure Kubernetes Service Cluster User Role" --assignee-object-id ${name} --assignee-principal-type ${kind === 'Group' ? 'Group' : 'ServicePrincipal'} --scope CLUSTER_ID`,
        '',
      ];
  }
}

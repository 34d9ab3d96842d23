/** May we do what Tidegate does? The API server is asked, a right at a time; core/kube/rights says which ones there are. */
import { CILIUM_NAMESPACE, grants, type Grant } from '../../core/kube/rights/needs.ts';
import { namespacesOf, useIn, type UsingService } from '../../core/kube/rights/use.ts';
import type { KubeCluster } from '../../platform/kube/clusters.ts';
import type { Finding } from './check.ts';

interface AccessReview {
  readonly status?: { readonly allowed?: boolean; readonly reason?: string };
}

/** Asks the API server itself, so that every authorizer (RBAC, IAM, webhooks) has its say. */
async function isAllowed(cluster: KubeCluster, asked: Asked): Promise<boolean> {
  const { group, verb, namespace, name } = asked;
  const [resource, subresource] = asked.resource.split('/');
  const where = { ...(namespace !== '' && { namespace }), ...(name !== '' && { name }) };
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { group, resource, subresource, verb, ...where } },
  };
  const answer = await cluster.ask<AccessReview>('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review);
  return answer?.status?.allowed === true;
}

/** A right in one place. */
export interface Asked extends Grant {
  /** '' = all of them. */
  readonly namespace: string;
  /** Of the one object that the right is on; '' = all of the kind. */
  readonly name: string;
}

/** Every right that these services need, place by place: those that `tidegate rbac` prints for them. */
export function askedGrants(services: readonly UsingService[]): Asked[] {
  const own = namespacesOf(services).flatMap((namespace) =>
    grants(useIn(services, namespace))
      .filter(({ scope }) => scope === 'services')
      .flatMap((grant) => askedIn(namespace, grant)),
  );
  const whole = grants().flatMap((grant) => {
    if (grant.scope === 'services') return [];
    return askedIn(grant.scope === 'cilium' ? CILIUM_NAMESPACE : '', grant);
  });
  return [...own, ...whole];
}

const askedIn = (namespace: string, grant: Grant): Asked[] =>
  (grant.names.length === 0 ? [''] : grant.names).map((name): Asked => ({ ...grant, namespace, name }));

export async function refusedGrants(cluster: KubeCluster, services: readonly UsingService[]): Promise<Asked[]> {
  const asked = askedGrants(services);
  const answers = await Promise.all(asked.map((one) => isAllowed(cluster, one)));
  return asked.filter((_, i) => answers[i] !== true);
}

/** Up to two findings per cluster, a line per resource and namespace: one edit of the role repairs it. */
export function permissionFindings(cluster: string, refused: readonly Asked[]): Finding[] {
  const [stops, hides] = [refused.filter(({ optional }) => !optional), refused.filter(({ optional }) => optional)];
  const fix =
    'an administrator applies there what tidegate rbac prints (or infra/kubernetes/rbac.yaml, and rbac-namespace.yaml in each namespace, with rbac-config.yaml where config is copied), bound to that user';
  const found: Finding[] = [
    { severity: 'error', text: refusedText(`${cluster}: the user of this cluster's access may not`, stops), fix },
    { severity: 'warning', text: refusedText(`${cluster}: not seen, since the user may not`, hides), fix },
  ];
  return found.filter(({ severity }) => (severity === 'error' ? stops : hides).length > 0);
}

function refusedText(head: string, refused: readonly Asked[]): string {
  const byResource = Map.groupBy(refused, ({ group, resource, namespace, why }) =>
    JSON.stringify([group, resource, namespace, why]),
  );
  return [head, ...[...byResource.values()].map(refusedLine)].join('\n');
}

function refusedLine(missing: readonly Asked[]): string {
  const [{ group, resource, namespace, why } = { group: '', resource: '', namespace: '', why: '' }] = missing;
  const verbs = [...new Set(missing.map(({ verb }) => verb))].join(', ');
  const kind = group === '' ? resource : `${resource}.${group}`;
  const only = missing.flatMap(({ name }) => (name === '' ? [] : [name]));
  const of = only.length === 0 ? kind : `${kind} ${only.join(', ')}`;
  const where = namespace === '' ? 'in all namespaces' : `in namespace ${namespace}`;
  return `${verbs} ${of} ${where} (${why})`;
}

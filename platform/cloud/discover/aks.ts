/** The clusters of an Azure subscription, in all resource groups. */
import type { FoundCluster } from '../../../core/config/discover/propose.ts';
import { TidegateError } from '../../../core/values/error.ts';
import { fieldAt } from '../../../core/values/json.ts';
import { armToken } from '../aks.ts';
import type { CloudPlaces } from '../places.ts';
import { callRest } from '../rest.ts';
import { assertBounded } from './bounds.ts';

/** Page by page; a page that is to be read elsewhere is not: the token would go there. */
export async function discoverAks(subscription: string, places: CloudPlaces): Promise<FoundCluster[]> {
  const what = `AKS of subscription ${subscription}`;
  const { arm, token } = await armToken(what, places);
  const found: FoundCluster[] = [];
  let url: string | undefined =
    `${arm}/subscriptions/${encodeURIComponent(subscription)}/providers/Microsoft.ContainerService/managedClusters?api-version=2024-09-01`;
  for (let pages = 1; url !== undefined; pages += 1) {
    const page: unknown = await callRest({
      ...{ method: 'GET', url, token, what: `${what}: list of clusters` },
      grant: 'give your identity the role Reader, or Azure Kubernetes Service Cluster User Role, in the subscription',
      correct: 'correct the id of the subscription',
    });
    const value = fieldAt(page, 'value');
    found.push(...(Array.isArray(value) ? (value as unknown[]) : []).flatMap((one) => clusterIn(subscription, one)));
    url = nextIn(what, { page, arm });
    assertBounded(what, { clusters: found.length, pages });
  }
  return found;
}

function nextIn(what: string, { page, arm }: { readonly page: unknown; readonly arm: string }): string | undefined {
  const next = fieldAt(page, 'nextLink');
  if (typeof next !== 'string' || next === '') return undefined;
  if (URL.canParse(next) && new URL(next).origin === new URL(arm).origin) return next;
  throw new TidegateError('Unavailable', `${what}: its next page is said to be at another host`, {
    fix: 'look at what stands between here and Azure Resource Manager',
  });
}

function clusterIn(subscription: string, one: unknown): FoundCluster[] {
  const [cluster, region, id] = [fieldAt(one, 'name'), fieldAt(one, 'location'), fieldAt(one, 'id')];
  const resourceGroup = typeof id === 'string' ? /\/resourceGroups\/([^/]+)\//i.exec(id)?.[1] : undefined;
  if (typeof cluster !== 'string' || typeof region !== 'string' || resourceGroup === undefined) return [];
  return [{ name: cluster, cloud: 'azure', region, access: { aks: { subscription, resourceGroup, cluster } } }];
}

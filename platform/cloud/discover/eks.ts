/** The EKS clusters of an account in a region. */
import type { FoundCluster } from '../../../core/config/discover/propose.ts';
import { listEks } from '../eks.ts';
import { assertBounded } from './bounds.ts';

export async function discoverEks(region: string): Promise<FoundCluster[]> {
  const found: FoundCluster[] = [];
  let pages = 0;
  for await (const names of listEks(`EKS in ${region}`, region)) {
    pages += 1;
    found.push(...names.map((name) => ({ name, cloud: 'aws', region, access: { eks: { cluster: name, region } } })));
    assertBounded(`EKS in ${region}`, { clusters: found.length, pages });
  }
  return found;
}

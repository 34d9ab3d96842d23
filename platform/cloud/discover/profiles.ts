/** The ClusterProfiles of an inventory in a hub cluster. */
import type { FoundCluster } from '../../../core/config/discover/propose.ts';
import type { DirectAccess } from '../../../core/kube/cluster-access.ts';
import type { KubeObject } from '../../../core/kube/objects.ts';
import { refuse } from '../../../core/values/error.ts';
import { fieldAt } from '../../../core/values/json.ts';
import { createClusters } from '../../kube/clusters.ts';
import { assertBounded } from './bounds.ts';

const API = 'multicluster.x-k8s.io/v1alpha1';

export interface Inventory {
  readonly access: DirectAccess;
  /** The same as it is written in a Mesh document. */
  readonly written: Readonly<Record<string, unknown>>;
}

/** Those that have a way in that a worker can go: see access.clusterProfile. */
export async function discoverProfiles({ access, written }: Inventory): Promise<FoundCluster[]> {
  const clusters = createClusters();
  try {
    const hub = clusters.connect({ name: 'hub', access });
    if ((await hub.ask(`/apis/${API}`)) === null)
      refuse(
        'Invalid',
        'the hub has no ClusterProfiles',
        'install an inventory: Open Cluster Management, or a fleet of GKE',
      );
    const found = await hub.list<KubeObject>({ apiVersion: API, kind: 'ClusterProfile' }, undefined);
    assertBounded('ClusterProfiles of the hub', { clusters: found.length, pages: 1 });
    return found.map((one) => ({
      name: one.metadata.name,
      ...localityIn(one),
      access: { clusterProfile: { hub: written, namespace: one.metadata.namespace, name: one.metadata.name } },
    }));
  } finally {
    await clusters.close();
  }
}

/** Inventories name them differently; what none of them says is for a person to write. */
const regionKeys = ['region', 'location', 'topology.kubernetes.io/region', 'region.open-cluster-management.io'];
const cloudKeys = ['cloud', 'platform', 'vendor', 'platform.open-cluster-management.io'];

function localityIn({ metadata: { labels = {} }, status }: KubeObject): Pick<FoundCluster, 'cloud' | 'region'> {
  const list = fieldAt(status, 'properties');
  const properties = (Array.isArray(list) ? (list as unknown[]) : []).map((one) => [
    fieldAt(one, 'name'),
    fieldAt(one, 'value'),
  ]);
  const all = { ...labels, ...Object.fromEntries(properties) } as Readonly<Record<string, unknown>>;
  const first = (keys: readonly string[]): string =>
    keys.map((key) => all[key]).find((value): value is string => typeof value === 'string' && value !== '') ??
    'unknown';
  return { cloud: first(cloudKeys).toLowerCase(), region: first(regionKeys) };
}

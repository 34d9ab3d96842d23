/** `tidegate clusters discover`: what a cloud or an inventory knows, as a Mesh document to go on from. Reads only. */
import { proposeMesh, type FoundCluster } from '../../core/config/discover/propose.ts';
import { parsePlace } from '../../core/config/places/place.ts';
import { refuse } from '../../core/values/error.ts';
import { discoverAks } from '../../platform/cloud/discover/aks.ts';
import { discoverEks } from '../../platform/cloud/discover/eks.ts';
import { discoverGke } from '../../platform/cloud/discover/gke.ts';
import { discoverProfiles } from '../../platform/cloud/discover/profiles.ts';
import type { CloudPlaces } from '../../platform/cloud/places.ts';
import { exitCodes, type Io } from '../io.ts';

export interface DiscoverQuery {
  /** Name of the mesh in what is printed. */
  readonly mesh: string;
  /** A region of AWS. */
  readonly eks?: string;
  /** A project of Google. */
  readonly gke?: string;
  /** A subscription of Azure. */
  readonly aks?: string;
  /** A hub with ClusterProfiles, as in TIDEGATE_CONFIG. */
  readonly hub?: string;
}

/** @param places where clouds answer, where that is not their public address */
export async function discoverClusters(query: DiscoverQuery, io: Io, places: CloudPlaces = {}): Promise<number> {
  const { found, of } = await foundBy(query, places);
  if (found.length === 0)
    refuse('Invalid', `${of}: there is no cluster`, 'ask elsewhere, or as an identity that may list clusters there');
  io.stdout(proposeMesh(found, { mesh: query.mesh, of }));
  return exitCodes.ok;
}

async function foundBy(
  { eks, gke, aks, hub }: DiscoverQuery,
  places: CloudPlaces,
): Promise<{ found: readonly FoundCluster[]; of: string }> {
  if ([eks, gke, aks, hub].filter((one) => one !== undefined).length !== 1)
    refuse(
      'Invalid',
      'it is not said where to look',
      'give one of --eks REGION, --gke PROJECT, --aks SUBSCRIPTION and --hub PLACE',
    );
  if (eks !== undefined) return { found: await discoverEks(eks), of: `EKS in ${eks}` };
  if (gke !== undefined) return { found: await discoverGke(gke, places), of: `GKE of project ${gke}` };
  if (aks !== undefined) return { found: await discoverAks(aks, places), of: `AKS of subscription ${aks}` };
  const place = parsePlace(hub ?? '');
  if (place.kind !== 'hub')
    refuse('Invalid', `${hub ?? ''} is no hub`, 'write hub:inCluster or hub:kubeconfig?path=FILE&context=NAME');
  return { found: await discoverProfiles(place), of: 'ClusterProfiles of a hub' };
}

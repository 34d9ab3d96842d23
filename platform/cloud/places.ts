/**
 * platform/cloud: the API servers of managed clusters, and who calls them.
 *
 *   ClusterAccess ──loadEks, loadGke, loadAks, loadInCluster, loadClusterProfile──► Access (address, authority, token)
 *
 * One file per cloud, with an interface that lists the calls of its SDK that are used. SDKs are loaded when a cluster of
 * their cloud is reached, and not before. No credential is kept but in memory, and none is in an error: what a cloud or an
 * SDK says goes into a message as a code only.
 */

/** Where clouds answer, where that is not their public address: private endpoints, and fakes. */
export interface CloudPlaces {
  /** Google's API of GKE. */
  readonly gke?: string;
  /** Azure Resource Manager. */
  readonly arm?: string;
  /** Entra ID, and its authority (PEM). */
  readonly entra?: { readonly url: string; readonly ca: string };
  /** The pod's own cluster, and the folder with its token and authority. */
  readonly pod?: { readonly server: string; readonly folder: string };
  /** Hosts, besides a cloud's own, to which a ClusterProfile may have a cloud's token sent. */
  readonly trustedHosts?: readonly string[];
}

/** Longest time of one exchange with a cloud, with its retries, ms. */
export const CLOUD_TIMEOUT_MS = 15_000;

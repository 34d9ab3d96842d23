/** Labels, annotations and the field manager that the objects of Tidegate carry, or that it reads on those of others. */

/** Field manager of every server-side apply. */
export const FIELD_MANAGER = 'tidegate';

export const labels = {
  version: 'app.kubernetes.io/version',
  managedBy: 'app.kubernetes.io/managed-by',
  owner: 'tidegate.dev/owner',
  service: 'tidegate.dev/service',
  subsetVersion: 'tidegate.dev/version',
  cluster: 'tidegate.dev/cluster',
  /** On a Job before the first share: epoch of the plan that it was made for. */
  epoch: 'tidegate.dev/epoch',
} as const;

export const annotations = {
  /** The routing record, JSON, on the CiliumEnvoyConfig that it describes. */
  record: 'tidegate.dev/record',
  /** Digest of the rendered object: equal digest, no write. */
  digest: 'tidegate.dev/digest',
  /** Digest of a version's pod template: a version name stands for one template for ever. */
  templateDigest: 'tidegate.dev/template-digest',
  /**
   * On a version's Deployment: the ConfigMaps and Secrets that its pods read, as they were when it was made: JSON. On a
   * ConfigMap or Secret of the user's: `shared`, it is never copied.
   */
  config: 'tidegate.dev/config',
  /** What a HorizontalPodAutoscaler or Deployment looked like before we held it: JSON. */
  held: 'tidegate.dev/held',
  /** On a version's own Service: until when the version stays ready without traffic (ms since the epoch, or `anew`). */
  due: 'tidegate.dev/due',
  /** On a frontend Service: a person wants hands off this service: JSON. */
  paused: 'tidegate.dev/paused',
  /** On a frontend Service: … off everything in this cluster. */
  clusterPaused: 'tidegate.dev/cluster-paused',
  /** On a frontend Service: what was put back of late, and who had changed it: JSON. */
  repairs: 'tidegate.dev/repairs',
  /** On another Service over a frontend's pods: the service that its pin, Tidegate's, moves with. */
  pinnedWith: 'tidegate.dev/pinned-with',
  /** On the Deployment that an adoption takes the place of, until that is over: JSON. */
  original: 'tidegate.dev/original',
  /** On a frontend Service: Tidegate has set `shared: "false"`, since its cluster is drained. */
  unshared: 'tidegate.dev/unshared',
  global: 'service.cilium.io/global',
  shared: 'service.cilium.io/shared',
  affinity: 'service.cilium.io/affinity',
} as const;

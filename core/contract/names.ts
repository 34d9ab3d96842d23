/** Names that more than one layer or an outside reader relies on. */

/** The scale of shares and weights: a whole is one million parts (0.1 % = 1 000). */
export const WHOLE = 1_000_000;

export const taskQueues = {
  /** Workflows. */
  control: 'tidegate-control',
  /** Writes and reads of clusters on the way forward. */
  apply: 'tidegate-apply',
  /** Watching and verifying: long, heartbeating. */
  observe: 'tidegate-observe',
  /** The way back, never behind forward work. */
  restore: 'tidegate-restore',
} as const;

/** Field manager of every server-side apply. */
export const FIELD_MANAGER = 'tidegate';

export const labels = {
  version: 'app.kubernetes.io/version',
  managedBy: 'app.kubernetes.io/managed-by',
  owner: 'tidegate.dev/owner',
  service: 'tidegate.dev/service',
  subsetVersion: 'tidegate.dev/version',
  cluster: 'tidegate.dev/cluster',
} as const;

export const annotations = {
  /** The routing record, JSON, on the CiliumEnvoyConfig that it describes. */
  record: 'tidegate.dev/record',
  /** Digest of the rendered object: equal digest, no write. */
  digest: 'tidegate.dev/digest',
  /** Digest of a version's pod template: a version name stands for one template for ever. */
  templateDigest: 'tidegate.dev/template-digest',
  /** What a HorizontalPodAutoscaler or Deployment looked like before we held it: JSON. */
  held: 'tidegate.dev/held',
  global: 'service.cilium.io/global',
  shared: 'service.cilium.io/shared',
  affinity: 'service.cilium.io/affinity',
} as const;

export interface PartOf {
  readonly mesh: string;
  readonly namespace: string;
  readonly service: string;
  readonly part: 'versions' | 'topology' | 'policy';
}

/** The id is the lock: one change at a time per part of a service. */
export const rolloutWorkflowId = (of: PartOf): string => `rollout:${of.mesh}/${of.namespace}/${of.service}/${of.part}`;

/** Retires one version of a service when its warm time is over. */
export const retireWorkflowId = (of: Omit<PartOf, 'part'> & { version: string }): string =>
  `retire:${of.mesh}/${of.namespace}/${of.service}/${of.version}`;

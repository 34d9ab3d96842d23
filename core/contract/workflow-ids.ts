/** Ids of the workflows: the id is the lock. */

export interface PartIdentity {
  readonly mesh: string;
  readonly namespace: string;
  readonly service: string;
  readonly part: 'versions' | 'topology' | 'policy';
}

/** The id is the lock: one change at a time per part of a service. */
export const rolloutWorkflowId = (of: PartIdentity): string =>
  `rollout:${of.mesh}/${of.namespace}/${of.service}/${of.part}`;

/** Retires one version of a service when its warm time is over. */
export const retireWorkflowId = (of: Omit<PartIdentity, 'part'> & { version: string }): string =>
  `retire:${of.mesh}/${of.namespace}/${of.service}/${of.version}`;

/** Ids of the workflows: the id is the lock. */
import type { Part } from '../routing/part.ts';

export interface PartIdentity {
  readonly mesh: string;
  readonly namespace: string;
  readonly service: string;
  readonly part: Part;
}

/** The id is the lock: one change at a time per part of a service. */
export const rolloutWorkflowId = (of: PartIdentity): string =>
  `rollout:${of.mesh}/${of.namespace}/${of.service}/${of.part}`;

/** Retires one version of a service when its warm time is over. */
export const retireWorkflowId = (of: Omit<PartIdentity, 'part'> & { version: string }): string =>
  `retire:${of.mesh}/${of.namespace}/${of.service}/${of.version}`;

/** One per run: the plan's epoch tells runs of one id apart, and a reset run keeps the guard of its former self. */
export const guardWorkflowId = (of: PartIdentity & { epoch: number }): string =>
  `guard:${of.mesh}/${of.namespace}/${of.service}/${of.part}/${String(of.epoch)}`;

/** One per service: it settles every part. */
export const settleWorkflowId = (of: Omit<PartIdentity, 'part'>): string =>
  `settle:${of.mesh}/${of.namespace}/${of.service}`;

/** Of one look at all services of a mesh, and of the schedule that takes it. */
export const auditWorkflowId = (mesh: string): string => `audit:${mesh}`;

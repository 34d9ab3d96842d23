/**
 * Ids of the workflows: the id is the lock. They carry the installation, so that two of them in one Temporal namespace do
 * not meet, and no slash, so that Temporal's HTTP API reaches them. None of their words has a colon: they are DNS labels.
 */
import type { Part } from '../routing/part.ts';
import type { IdScheme } from './installation.ts';

export interface ServiceIdentity {
  readonly mesh: string;
  readonly namespace: string;
  readonly service: string;
}

export interface PartIdentity extends ServiceIdentity {
  readonly part: Part;
}

/** Of workflows that nobody looks for by id, too: `start:default:checkout:deploy:<uuid>`. */
export const workflowIdOf = (scheme: IdScheme, kind: string, ...words: readonly string[]): string =>
  scheme === null ? `${kind}:${words.join('/')}` : [kind, scheme, ...words].join(':');

const serviceWords = ({ mesh, namespace, service }: ServiceIdentity): string[] => [mesh, namespace, service];

/** The id is the lock: one change at a time per part of a service. */
export const rolloutWorkflowId = (scheme: IdScheme, of: PartIdentity): string =>
  workflowIdOf(scheme, 'rollout', ...serviceWords(of), of.part);

/** Retires one version of a service when its warm time is over. Only runs that began before there were settlers do that. */
export const retireWorkflowId = (of: ServiceIdentity & { version: string }): string =>
  workflowIdOf(null, 'retire', ...serviceWords(of), of.version);

/**
 * One per run: the plan's epoch tells runs of one id apart, and a reset run keeps the guard of its former self.
 * `namesake`: how many of that epoch there are already.
 */
export const guardWorkflowId = (scheme: IdScheme, of: PartIdentity & { epoch: number; namesake?: number }): string =>
  workflowIdOf(
    scheme,
    'guard',
    ...[...serviceWords(of), of.part, String(of.epoch)],
    ...((of.namesake ?? 0) === 0 ? [] : [String((of.namesake ?? 0) + 1)]),
  );

/** One per run: it tells the sinks what the run says. A reset run goes on with the one of its former self. */
export const deliverWorkflowId = (scheme: IdScheme, of: PartIdentity & { epoch: number }): string =>
  workflowIdOf(scheme, 'deliver', ...serviceWords(of), of.part, String(of.epoch));

/** Holds the one change of a part that waits for its turn. */
export const nextWorkflowId = (scheme: IdScheme, of: PartIdentity): string =>
  workflowIdOf(scheme, 'next', ...serviceWords(of), of.part);

/** The start of a change whose turn has come. */
export const turnWorkflowId = (scheme: IdScheme, of: PartIdentity): string =>
  workflowIdOf(scheme, 'next', ...serviceWords(of), of.part, 'start');

/** One per service: it settles every part. */
export const settleWorkflowId = (scheme: IdScheme, of: ServiceIdentity): string =>
  workflowIdOf(scheme, 'settle', ...serviceWords(of));

/** The start of a restore by a settler. */
export const settleRestoreWorkflowId = (scheme: IdScheme, of: PartIdentity): string =>
  workflowIdOf(scheme, 'settle', ...[...serviceWords(of), of.part === 'versions' ? 'restore' : `restore-${of.part}`]);

/** Of one look at all services of a mesh, and of the schedule that takes it; `look` tells one by hand from the schedule's. */
export const auditWorkflowId = (scheme: IdScheme, mesh: string, look?: string): string =>
  workflowIdOf(scheme, 'audit', mesh, ...(look === undefined ? [] : [look]));

/** Watches a mesh for clusters that are lost; also of the schedule that sees to it that one runs. */
export const watchWorkflowId = (scheme: IdScheme, mesh: string): string => workflowIdOf(scheme, 'watch', mesh);

/** The installation that a workflow belongs to, by the queue that it runs on, and how it writes ids. */
import { patched, workflowInfo } from '@temporalio/workflow';
import { idSchemes, type IdScheme } from '../core/contract/installation.ts';
import { installationOn } from '../core/contract/queues.ts';

export const installation = (): string => installationOn(workflowInfo().taskQueue);

interface Owned {
  readonly installation: string;
}

/** By the service and not by the queue: a replay has another one. What was begun under the ids of before keeps them. */
export const idScheme = (of: Owned): IdScheme => (patched('installation') ? of.installation : null);

/** Under which a lock may be held: today's first. */
export const lockSchemes = (of: Owned): readonly IdScheme[] =>
  patched('installation') ? idSchemes(of.installation) : [null];

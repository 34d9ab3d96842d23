/**
 * Which cluster is meant, and how its API server is reached. Workflows say only the first: a path, a context or a
 * credential never enters a history. The second is for the config of whoever makes the calls to know.
 */
import { present } from '../values/json.ts';
import type { ClusterAccess } from './cluster-access.ts';

/** A cluster as plans and inputs name it. */
export interface ClusterRef {
  /** In its mesh. */
  readonly name: string;
  /** Only in plans of releases that knew no better: a way back may use it, where the worker's config knows nothing. */
  readonly access?: ClusterAccess;
  /** The same in a plan of release 0.1.0. */
  readonly kubeconfig?: { readonly path: string; readonly context?: string };
}

/** A cluster as a config describes it. */
export interface ReachableCluster extends ClusterRef {
  readonly access: ClusterAccess;
}

/** All that a workflow is to know of it. */
export const named = ({ name }: ClusterRef): ClusterRef => ({ name });

/** What an older plan says of how it is reached. */
export function writtenAccess({ access, kubeconfig }: ClusterRef): ClusterAccess | undefined {
  if (access !== undefined || kubeconfig === undefined) return access;
  const { path, context } = kubeconfig;
  return { kind: 'kubeconfig', path, ...present({ context }) };
}

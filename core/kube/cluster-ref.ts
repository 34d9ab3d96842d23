/** Which cluster is meant, and how its API server is reached. References only: no credential ever enters a workflow. */
import { present } from '../values/json.ts';

/** A file on the worker's machine, read again whenever it changes. */
export interface KubeconfigAccess {
  readonly kind: 'kubeconfig';
  readonly path: string;
  /** Absent: the file's current context. */
  readonly context?: string;
}

/** The ways to reach an API server. */
export type ClusterAccess = KubeconfigAccess;

export interface ClusterRef {
  readonly name: string;
  readonly access: ClusterAccess;
}

/** The access of a reference, also of one in a plan of release 0.1.0, which names a kubeconfig without a kind. */
export function accessOf(ref: ClusterRef | OldClusterRef): ClusterAccess {
  if ('access' in ref) return ref.access;
  const { path, context } = ref.kubeconfig;
  return { kind: 'kubeconfig', path, ...present({ context }) };
}

interface OldClusterRef {
  readonly kubeconfig: { readonly path: string; readonly context?: string };
}

/** Where that is, for people: `context aws of /etc/kube/config`. */
export const describeAccess = ({ context, path }: ClusterAccess): string =>
  `context ${context ?? '(current)'} of ${path}`;

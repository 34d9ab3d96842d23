/** How an API server is reached, by the kind of access that a cluster names: one file per kind beside this one. */
import type { ClusterAccess } from '../../../core/kube/cluster-ref.ts';
import { kubeconfigChangedAtMs, loadKubeconfig } from './kubeconfig.ts';

export interface TlsSettings {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export interface Access {
  readonly server: URL;
  readonly tls: TlsSettings;
  /** Asked for before each call: tokens of exec plugins and token files are renewed when they expire. */
  headers(): Promise<Record<string, string>>;
}

/** @param cluster name of the cluster, for messages */
export function loadAccess(cluster: string, access: ClusterAccess): Promise<Access> {
  switch (access.kind) {
    case 'kubeconfig':
      return loadKubeconfig(cluster, access);
  }
}

/** When what the access is read from changed last, ms since the epoch; 0 when that is not known. */
export function changedAtMs(access: ClusterAccess): Promise<number> {
  switch (access.kind) {
    case 'kubeconfig':
      return kubeconfigChangedAtMs(access);
  }
}

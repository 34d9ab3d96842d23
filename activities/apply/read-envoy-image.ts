/** Which Envoy carries the traffic of a cluster: the image of Cilium's own DaemonSets. */
import { TidegateError } from '../../core/values/error.ts';
import type { KubeCluster } from '../../platform/kube/clusters.ts';

/** Where Cilium's chart puts them by default. With the first, Envoy is no part of the agent. */
const DAEMON_SETS = ['cilium-envoy', 'cilium'].map((name) => `/apis/apps/v1/namespaces/kube-system/daemonsets/${name}`);

interface DaemonSet {
  readonly spec?: { readonly template?: { readonly spec?: { readonly containers?: readonly Container[] } } };
}

interface Container {
  readonly name?: string;
  readonly image?: string;
}

/** '' when neither is there, or the role may not look: what runs is not known then, and a plan says so. */
export async function readEnvoyImage(cluster: KubeCluster, signal: AbortSignal): Promise<string> {
  for (const path of DAEMON_SETS) {
    const containers = (await askUnlessForbidden(cluster, path, signal))?.spec?.template?.spec?.containers ?? [];
    const image = containers.find(({ name = '' }) => /^cilium-(envoy|agent)$/.test(name))?.image;
    if (image !== undefined) return image;
  }
  return '';
}

async function askUnlessForbidden(cluster: KubeCluster, path: string, signal: AbortSignal): Promise<DaemonSet | null> {
  try {
    return await cluster.ask<DaemonSet>(path, undefined, { signal });
  } catch (error) {
    if (!(error instanceof TidegateError) || error.code !== 'Forbidden') throw error;
    return null;
  }
}

/** Which Cilium runs in a cluster, and whether it is the member of the mesh that the Mesh document says. */
import { CILIUM_NAMESPACE } from '../../core/kube/rights/needs.ts';
import { TidegateError } from '../../core/values/error.ts';
import type { KubeCluster } from '../../platform/kube/clusters.ts';
import type { Finding, Observation } from './check.ts';

const RIGHT = 'give its user the rights in the namespace of Cilium that tidegate rbac prints';

interface DaemonSet {
  readonly spec?: { readonly template?: { readonly spec?: { readonly containers?: readonly { image?: string }[] } } };
}

interface ConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}

const readAgents = (cluster: KubeCluster, signal: AbortSignal): Promise<DaemonSet | null | undefined> =>
  readUnlessForbidden(cluster, `/apis/apps/v1/namespaces/${CILIUM_NAMESPACE}/daemonsets/cilium`, signal);

/** The version by the agents' image; '' = not known. */
export const readCilium = async (cluster: KubeCluster, signal: AbortSignal): Promise<string> =>
  ciliumVersion((await readAgents(cluster, signal))?.spec?.template?.spec?.containers?.[0]?.image ?? '');

/** undefined: the user may not read it, or it has nothing. null: it is not there. */
export const readCiliumConfig = async (
  cluster: KubeCluster,
  signal: AbortSignal,
): Promise<ConfigMap['data'] | null> => {
  const path = `/api/v1/namespaces/${CILIUM_NAMESPACE}/configmaps/cilium-config`;
  const found = await readUnlessForbidden<ConfigMap>(cluster, path, signal);
  return found === null ? null : found?.data;
};

export async function lookAtCilium(cluster: KubeCluster, signal: AbortSignal): Promise<Observation> {
  const found = await readAgents(cluster, signal);
  const image = found?.spec?.template?.spec?.containers?.[0]?.image ?? '';
  const version = ciliumVersion(image);
  if (version !== '') return { note: version, findings: [] };
  const why =
    found === undefined ? 'its DaemonSet may not be read' : `there is no DaemonSet cilium in ${CILIUM_NAMESPACE}`;
  return unknown(`${cluster.name}: which Cilium runs is not known: ${image === '' ? why : `its image is ${image}`}`);
}

/** `quay.io/cilium/cilium:v1.18.2@sha256:…` → `1.18.2`. */
export const ciliumVersion = (image: string): string => /:v?(\d+\.\d+\.\d+[^@]*)/.exec(image)?.[1] ?? '';

/** Cilium's own word on the cluster's id in the mesh, against the Mesh document's. */
export async function lookAtMembership(
  cluster: KubeCluster,
  { ciliumId, signal }: { readonly ciliumId: number; readonly signal: AbortSignal },
): Promise<Observation> {
  const found = await readCiliumConfig(cluster, signal);
  if (found === null || found === undefined) {
    const why = found === undefined ? 'may not be read' : 'is not there';
    return unknown(`${cluster.name}: whether Cilium's cluster id is ${ciliumId} is not known: cilium-config ${why}`);
  }
  return membershipSeen(cluster.name, ciliumId, found);
}

export function membershipSeen(
  cluster: string,
  ciliumId: number,
  config: Readonly<Record<string, string>>,
): Observation {
  const { 'cluster-id': id = '', 'cluster-name': name = '' } = config;
  const findings: Finding[] = [];
  if (Number(id) !== ciliumId) {
    const text = `${cluster}: Cilium's cluster id is ${id === '' ? 'not set' : id}, and the Mesh document says ${ciliumId}`;
    const fix = 'correct cilium.id of the cluster in the Mesh document; if it is right, this is another cluster';
    findings.push({ severity: 'error', text, fix });
  }
  // With its ingress or its gateway Cilium reads them, too.
  if (!readsEnvoyConfigs.some((key) => config[key] === 'true')) {
    const text = `${cluster}: Cilium does not look at CiliumEnvoyConfigs (none of ${readsEnvoyConfigs.join(', ')} is true in cilium-config)`;
    findings.push({ severity: 'error', text, fix: 'install Cilium with envoyConfig.enabled=true' });
  }
  return { note: id === '' ? '' : `${id}${name === '' ? '' : ` (${name})`}`, findings };
}

const readsEnvoyConfigs = ['enable-envoy-config', 'enable-ingress-controller', 'enable-gateway-api'];

const unknown = (text: string): Observation => ({
  note: 'not known',
  findings: [{ severity: 'warning', text, fix: RIGHT }],
});

/** undefined: the user may not; null: it is not there. */
async function readUnlessForbidden<T>(
  cluster: KubeCluster,
  path: string,
  signal: AbortSignal,
): Promise<T | null | undefined> {
  try {
    return await cluster.ask<T>(path, undefined, { signal });
  } catch (error) {
    if (!(error instanceof TidegateError) || error.code !== 'Forbidden') throw error;
    return undefined;
  }
}

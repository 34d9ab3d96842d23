/** One cluster: its API server, what we may do there, Cilium's kinds. */
import { readEnvoyImage } from '../../activities/apply/read-envoy-image.ts';
import type { MeshCluster } from '../../core/config/types.ts';
import { kinds } from '../../core/kube/kinds.ts';
import { envoyOfImage } from '../../core/render/cilium-envoy/envoy-version.ts';
import { envoyDoubt, envoyProblems } from '../../core/rollout/preflight/envoy.ts';
import type { Clusters, KubeCluster } from '../../platform/kube/clusters.ts';
import { type CheckGroup, type Finding, type Observation, well } from './check.ts';
import { grants, permissionFindings, refusedGrants } from './permissions.ts';
import { describeAccess } from '../../core/kube/cluster-access.ts';
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';

/** Server-side apply as it is used here, and EndpointSlices with `serving`, are stable in it. */
const OLDEST = { major: 1, minor: 27 };

export interface ClusterScope {
  readonly clusters: Clusters;
  readonly cluster: MeshCluster<ReachableCluster>;
  /** Namespaces of the services that are looked at. */
  readonly namespaces: readonly string[];
}

export function clusterChecks({ clusters, cluster: { ref }, namespaces }: ClusterScope): CheckGroup {
  const connect = (): KubeCluster => clusters.connect(ref);
  return {
    title: ref.name,
    checks: [
      {
        description: 'the API server answers',
        severity: 'error',
        hint: `check the network, and ${describeAccess(ref.access)}`,
        retries: 1,
        gates: true,
        look: (signal) => lookAtVersion(connect(), signal),
      },
      {
        description: 'permissions',
        severity: 'error',
        hint: 'apply infra/kubernetes/rbac.yaml there',
        retries: 1,
        look: async () => {
          const findings = permissionFindings(ref.name, await refusedGrants(connect(), namespaces));
          const where = namespaces.length === 0 ? 'no namespace named' : namespaces.join(', ');
          return { note: findings.length > 0 ? '' : `${grants().length} in ${where}`, findings };
        },
      },
      {
        description: "Cilium's CiliumEnvoyConfig",
        severity: 'error',
        hint: 'look at the CRDs of cilium.io',
        retries: 1,
        look: (signal) => lookAtCrds(connect(), signal),
      },
      {
        description: "the version of Cilium's Envoy",
        severity: 'warning',
        hint: 'apply infra/kubernetes/rbac.yaml there',
        retries: 1,
        look: async (signal) => envoySeen(ref.name, await readEnvoyImage(connect(), signal)),
      },
    ],
  };
}

interface ServerVersion {
  readonly gitVersion?: string;
}

async function lookAtVersion(cluster: KubeCluster, signal: AbortSignal): Promise<Observation> {
  const { gitVersion = '' } = (await cluster.ask<ServerVersion>('/version', undefined, { signal })) ?? {};
  return { note: gitVersion, findings: versionFindings(cluster.name, gitVersion) };
}

export function versionFindings(cluster: string, gitVersion: string): Finding[] {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(gitVersion) ?? [];
  const oldest = `${OLDEST.major}.${OLDEST.minor}`;
  if (major === undefined || minor === undefined) {
    const text = `${cluster}: the version "${gitVersion}" of the API server is not understood`;
    return [{ severity: 'warning', text, fix: `make sure that it is Kubernetes ${oldest} or newer` }];
  }
  const recent = Number(major) > OLDEST.major || (Number(major) === OLDEST.major && Number(minor) >= OLDEST.minor);
  if (recent) return [];
  const text = `${cluster}: Kubernetes ${gitVersion} is older than ${oldest}`;
  return [{ severity: 'error', text, fix: `upgrade it to ${oldest} or newer` }];
}

interface ApiResources {
  readonly resources?: readonly { readonly kind?: string }[];
}

async function lookAtCrds(cluster: KubeCluster, signal: AbortSignal): Promise<Observation> {
  const { apiVersion } = kinds.envoyConfig;
  const served = await cluster.ask<ApiResources>(`/apis/${apiVersion}`, undefined, { signal });
  const present = (served?.resources ?? []).map(({ kind }) => kind);
  const wanted = [kinds.envoyConfig.kind, kinds.clusterwideEnvoyConfig.kind];
  const missing = wanted.filter((kind) => !present.includes(kind));
  if (missing.length === 0) return well(apiVersion);
  const text = `${cluster.name}: the API has no ${missing.join(' and no ')} (${apiVersion})`;
  const fix = 'install Cilium with envoyConfig.enabled=true, and restart its operator and agents';
  return { note: '', findings: [{ severity: 'error', text, fix }] };
}

/** A plan refuses what is too old, and takes the nearest older list for what it does not know. */
export function envoySeen(cluster: string, envoyImage: string): Observation {
  const problems = envoyProblems({ cluster, envoyImage });
  const doubt = envoyDoubt(envoyImage);
  const version = envoyOfImage(envoyImage);
  const fix =
    version === undefined
      ? 'apply infra/kubernetes/rbac.yaml there (with the namespace of Cilium)'
      : 'look for a newer Tidegate';
  return {
    note: version === undefined ? '' : version.minor,
    findings: [
      ...problems.map((one): Finding => ({ severity: 'error', text: one.text, fix: one.fix })),
      ...(doubt === '' ? [] : [{ severity: 'warning', text: `${cluster}: ${doubt}`, fix } satisfies Finding]),
    ],
  };
}

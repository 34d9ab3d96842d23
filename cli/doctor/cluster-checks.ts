/** One cluster: its API server, who we are and what we may do there, its Cilium. `clusters check` shows the same side by side. */
import { readEnvoyImage } from '../../activities/apply/read-envoy-image.ts';
import type { MeshCluster } from '../../core/config/types.ts';
import { kinds } from '../../core/kube/kinds.ts';
import { envoyOfImage } from '../../core/render/cilium-envoy/envoy-version.ts';
import { envoyDoubt, envoyProblems } from '../../core/rollout/preflight/envoy.ts';
import type { Clusters, KubeCluster } from '../../platform/kube/clusters.ts';
import { lookAtReach } from '../../platform/kube/reach.ts';
import { clockSeen, credentialSeen, lookAtUser } from './access-checks.ts';
import { type Check, type CheckGroup, type Finding, type Observation, well } from './check.ts';
import { lookAtCilium, lookAtMembership } from './cilium-checks.ts';
import { askedGrants, permissionFindings, refusedGrants } from './permissions.ts';
import { namespacesOf, type UsingService } from '../../core/kube/rights/use.ts';
import { describeAccess } from '../../core/kube/cluster-access.ts';
import type { ReachableCluster } from '../../core/kube/cluster-ref.ts';

/** Server-side apply as it is used here, and EndpointSlices with `serving`, are stable in it. */
const OLDEST = { major: 1, minor: 27 };

export interface ClusterScope {
  readonly clusters: Clusters;
  readonly cluster: MeshCluster<ReachableCluster>;
  /** Those that are looked at. */
  readonly services: readonly UsingService[];
  readonly now: () => number;
}

/** A check with the heading that it has where clusters stand side by side. */
export interface ClusterCheck extends Check {
  readonly column: string;
}

const RIGHTS = 'give the user of its access the rights that tidegate rbac prints';

export function clusterChecks(scope: ClusterScope): CheckGroup<ClusterCheck> {
  return {
    title: scope.cluster.ref.name,
    checks: [...reachChecks(scope), ...rightChecks(scope), ...ciliumChecks(scope)],
  };
}

function reachChecks({ clusters, cluster: { ref }, now }: ClusterScope): ClusterCheck[] {
  return [
    {
      ...{ column: 'kubernetes', description: 'the API server answers', severity: 'error', retries: 1, gates: true },
      hint: `check the network, and ${describeAccess(ref.access)}`,
      look: (signal) => lookAtVersion(clusters.connect(ref), signal),
    },
    {
      ...{ column: 'user', description: 'who we are there', severity: 'warning', retries: 1 },
      hint: 'SelfSubjectReviews are part of Kubernetes 1.28 and newer',
      look: (signal) => lookAtUser(clusters.connect(ref), signal),
    },
    {
      ...{ column: 'clock', description: 'its clock', severity: 'warning', retries: 1 },
      hint: 'look at what stands between here and the API server',
      look: async (signal) => clockSeen(ref.name, await lookAtReach(ref, { signal, now })),
    },
    {
      ...{ column: 'credential', description: 'how long the credential lasts', severity: 'warning', retries: 1 },
      hint: `look at the credential: ${describeAccess(ref.access)}`,
      look: async (signal) => credentialSeen(ref.name, (await lookAtReach(ref, { signal, now })).credential, now()),
    },
  ];
}

function rightChecks({ clusters, cluster: { ref }, services }: ClusterScope): ClusterCheck[] {
  return [
    {
      ...{ column: 'rights', description: 'permissions', severity: 'error', retries: 1, hint: RIGHTS },
      look: async () => {
        const refused = await refusedGrants(clusters.connect(ref), services);
        const asked = askedGrants(services).length;
        const namespaces = namespacesOf(services);
        const where = namespaces.length === 0 ? 'no namespace named' : namespaces.join(', ');
        const note = refused.length > 0 ? `${asked - refused.length} of ${asked}` : `${asked} in ${where}`;
        return { note, findings: permissionFindings(ref.name, refused) };
      },
    },
  ];
}

function ciliumChecks({ clusters, cluster: { ref, ciliumId } }: ClusterScope): ClusterCheck[] {
  return [
    {
      ...{ column: 'CRDs', description: "Cilium's CiliumEnvoyConfig", severity: 'error', retries: 1 },
      hint: 'look at the CRDs of cilium.io',
      look: (signal) => lookAtCrds(clusters.connect(ref), signal),
    },
    {
      ...{ column: 'cilium', description: 'the version of Cilium', severity: 'warning', retries: 1, hint: RIGHTS },
      look: (signal) => lookAtCilium(clusters.connect(ref), signal),
    },
    {
      ...{
        column: 'envoy',
        description: "the version of Cilium's Envoy",
        severity: 'warning',
        retries: 1,
        hint: RIGHTS,
      },
      look: async (signal) => envoySeen(ref.name, await readEnvoyImage(clusters.connect(ref), signal)),
    },
    {
      ...{
        column: 'mesh id',
        description: "Cilium's id of the cluster",
        severity: 'warning',
        retries: 1,
        hint: RIGHTS,
      },
      look: (signal) => lookAtMembership(clusters.connect(ref), { ciliumId, signal }),
    },
  ];
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
  const problems = envoyProblems({ cluster, envoyImage, frontend: null });
  const doubt = envoyDoubt(envoyImage);
  const version = envoyOfImage(envoyImage);
  const fix = version === undefined ? RIGHTS : 'look for a newer Tidegate';
  return {
    note: version === undefined ? '' : version.minor,
    findings: [
      ...problems.map((one): Finding => ({ severity: 'error', text: one.text, fix: one.fix })),
      ...(doubt === '' ? [] : [{ severity: 'warning', text: `${cluster}: ${doubt}`, fix } satisfies Finding]),
    ],
  };
}

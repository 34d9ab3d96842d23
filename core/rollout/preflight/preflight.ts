/** Everything that can be known to be wrong before the first write, all of it at once. */
import type { LoadedConfig } from '../../config/types.ts';
import type { RoutingRecord } from '../../routing/record.ts';
import { sameTraffic, mainVersion } from '../../routing/weights.ts';
import type { FailureCode } from '../../values/error.ts';
import type { Shares } from '../../values/share.ts';
import { describeEdited } from '../../workload/edited-version.ts';
import type { ClusterFacts, WorkloadFacts } from '../../workload/facts.ts';
import type { Change } from '../change.ts';

export interface Problem {
  readonly code: FailureCode;
  readonly text: string;
  readonly fix: string;
}

export interface Asked {
  readonly config: LoadedConfig;
  readonly facts: readonly ClusterFacts[];
  readonly change: Change;
}

export function preflight(asked: Asked): Problem[] {
  const { facts, change, config } = asked;
  const where = (cluster: string): string => `${cluster}/${config.service.namespace}/${config.service.name}`;
  const problems = facts.flatMap((one) => reachProblems(one, where(one.cluster), asked));
  if (problems.length > 0 || change.kind === 'restore') return problems;
  const state = [...facts.flatMap((one) => stateProblems(one, where(one.cluster), asked)), ...splitProblems(asked)];
  if (state.length > 0) return state;
  if (change.kind === 'release') return [];
  return [...sloProblems(asked), ...portProblems(asked), ...changeProblems(asked)];
}

function reachProblems(one: ClusterFacts, where: string, { change, config }: Asked): Problem[] {
  // A restore goes past what is wrong, and retries without limit what cannot be reached.
  if (change.kind === 'restore') return [];
  if (one.unreachable !== '') {
    return [
      {
        code: 'Unavailable',
        text: `${one.cluster} cannot be reached: ${one.unreachable}`,
        fix: 'repair the access, or take the cluster out of the Mesh document',
      },
    ];
  }
  const foreign = one.foreign.map((name): Problem => ({
    code: 'Foreign',
    text: `${where}: ${name} already routes this Service`,
    fix: 'remove it, or leave this service to its manager: two owners of one route fight',
  }));
  const { frontend } = one;
  if (frontend === null) {
    const text = `${where}: no such Service`;
    return [
      ...foreign,
      { code: 'Invalid', text, fix: `create the Service there; Tidegate never creates namespaces or frontends` },
    ];
  }
  const unsupported: [boolean, string][] = [
    [frontend.ports > 1 && config.service.port === '', `it has ${frontend.ports} ports, and spec.port names none`],
    [frontend.ports > 1, `it has ${frontend.ports} ports; several HTTP ports of one Service are not supported yet`],
    [frontend.sessionAffinity, 'session affinity (ClientIP) is not supported yet: a weighted split would break it'],
    [
      /^(grpc|kubernetes\.io\/h2c|tcp|tls|https)$/i.test(frontend.appProtocol),
      `appProtocol ${frontend.appProtocol} is not supported yet: only plain HTTP is`,
    ],
    [
      /^(grpc|tcp|tls|https|udp|sctp)(-|$)/i.test(frontend.portName),
      `port ${frontend.portName} is not plain HTTP by its name`,
    ],
    [Object.keys(frontend.selector).length === 0, 'it has no selector, so its pods are unknown'],
  ];
  const found = unsupported
    .filter(([is]) => is)
    .map(([, why]): Problem => ({
      code: 'Invalid',
      text: `${where}: ${why}`,
      fix: 'see README, "What it does not do yet"',
    }));
  return [...foreign, ...found.slice(0, 1)];
}

/** Not (or not wholly) under Tidegate: no record, or one of an adoption that was not committed. */
export const isFresh = ({ record }: ClusterFacts): boolean => record === null || record.versions.proven === null;

function stateProblems(one: ClusterFacts, where: string, { change, facts, config }: Asked): Problem[] {
  if (halfMoved(one.record)) return [halfMovedProblem(where)];
  if (!isFresh(one) || change.kind === 'adopt') return [];
  // A release that ended half way goes on where it ended.
  if (change.kind === 'release' && !facts.every(isFresh)) return [];
  return [{ code: 'Invalid', text: `${where} is not adopted`, fix: `run: tidegate adopt ${config.service.name}` }];
}

/** Clients that differ in what is proven in one serving cluster: a commit ended half way. */
function splitProblems({ facts, config, change }: Asked): Problem[] {
  // Both bring all clients to one state, whatever each has now.
  if (change.kind === 'undo' || change.kind === 'release') return [];
  const serving = [...new Set(facts.flatMap((one) => Object.keys(one.record?.versions.proven ?? {})))];
  return serving.flatMap((name) => {
    const routed = facts.filter((one) => (one.record?.topology.current?.[name] ?? 0) > 0);
    const versions = new Set(routed.map((one) => mainVersion(one.record?.versions.proven?.[name])));
    if (versions.size <= 1) return [];
    const text = `${config.service.name}: client clusters differ in what is proven in ${name}: ${[...versions].join(', ')}`;
    return [
      {
        code: 'HalfMoved',
        text,
        fix: 'run: tidegate undo --version V, with the version that all shall serve',
      } satisfies Problem,
    ];
  });
}

const halfMoved = (record: RoutingRecord | null): boolean =>
  record !== null && !sameTraffic(record.versions.current, record.versions.proven);

const halfMovedProblem = (where: string): Problem => ({
  code: 'HalfMoved',
  text: `${where}: current traffic differs from the proven one, and no run owns it (a rollout was terminated?)`,
  fix: 'run: tidegate restore, then start again',
});

/** A stub takes the remote pods by the port's name: client and serving cluster must call it the same. */
function portProblems({ config, facts }: Asked): Problem[] {
  return facts.flatMap((client) =>
    facts.flatMap((serving) => {
      const [here, there] = [client.frontend, serving.frontend];
      const routed = (topologyOf(config, client, 1)[serving.cluster] ?? 0) > 0;
      if (!routed || here === null || there === null || here.portName === there.portName) return [];
      const text = `port ${here.portName} of ${config.service.name} in ${client.cluster} is called ${there.portName} in ${serving.cluster}`;
      return [{ code: 'Invalid', text, fix: 'give the port one name in all clusters' } satisfies Problem];
    }),
  );
}

function sloProblems({ config, change }: Asked): Problem[] {
  if (change.kind === 'undo') return [];
  if (config.mesh.metrics === null) {
    return [
      {
        code: 'Invalid',
        text: `mesh ${config.mesh.name} names no metrics backend, so no SLO can be evaluated`,
        fix: 'set spec.metrics.prometheus.url in the Mesh document, or spec.metrics.otlp',
      },
    ];
  }
  if (config.service.slos.length === 0) {
    return [
      {
        code: 'Invalid',
        text: `service ${config.service.name} has no SLO`,
        fix: 'remove spec.slos: [] to get the defaults, or name one',
      },
    ];
  }
  return [];
}

function changeProblems({ config, facts, change }: Asked): Problem[] {
  switch (change.kind) {
    case 'adopt':
      return adoptProblems(config, facts, change.version);
    case 'deploy':
      return [
        ...deployProblems(config, facts, change),
        ...sourceProblems(config, facts),
        ...editProblems(config, facts, change.version),
      ];
    default:
      return [];
  }
}

/**
 * The workload that serves an unadopted frontend: the running Deployments that Tidegate did not make. After a release,
 * or with the route lost, the one that the frontend is pinned to: others of ours are on their way out.
 */
export const originals = ({ workloads, frontend }: ClusterFacts): WorkloadFacts[] => {
  const running = workloads.filter((workload) => workload.replicas > 0);
  const pinned = running.filter(({ managed, version }) => managed && version === frontend?.pinned);
  if (pinned.length > 0) return pinned;
  const foreign = running.filter(({ managed }) => !managed);
  return foreign.length > 0 ? foreign : running;
};

function adoptProblems(config: LoadedConfig, facts: readonly ClusterFacts[], asked: string | undefined): Problem[] {
  const fresh = facts.filter(isFresh);
  if (fresh.length === 0) {
    return [
      {
        code: 'Invalid',
        text: `${config.service.name} is already adopted in every cluster`,
        fix: 'go on with: tidegate deploy',
      },
    ];
  }
  const called = fresh.filter((one) => facts.some((client) => (topologyOf(config, client, 1)[one.cluster] ?? 0) > 0));
  const perCluster = called.flatMap((one) => {
    const found = originals(one);
    if (found.length === 1) return [];
    const names = found.map((workload) => workload.deployment).join(', ');
    const text = `${one.cluster}/${config.service.namespace}: ${found.length === 0 ? 'no running Deployment' : `${found.length} Deployments (${names})`} behind ${config.service.name}; exactly one is needed`;
    return [
      { code: 'Invalid', text, fix: 'adoption copies the one Deployment that serves the frontend' } satisfies Problem,
    ];
  });
  const versions = [...new Set(fresh.flatMap((one) => originals(one).map((workload) => workload.version)))];
  const global = fresh.filter((one) => one.frontend?.global === true && config.service.topology === null);
  return [
    ...perCluster,
    ...versionProblems(config.service.name, versions, asked),
    ...global.map((one) => globalProblem(one, config)),
  ];
}

function versionProblems(service: string, versions: readonly string[], asked: string | undefined): Problem[] {
  const named = versions.filter((version) => version !== '');
  if (named.length > 1) {
    return [
      {
        code: 'Invalid',
        text: `${service} runs different versions (${named.join(', ')})`,
        fix: 'bring all clusters to one version first: adoption is a rollout of the same build',
      },
    ];
  }
  const label = named[0];
  if (label === undefined && asked === undefined) {
    return [
      {
        code: 'Invalid',
        text: `the pods of ${service} carry no label app.kubernetes.io/version`,
        fix: 'say which version they are: --version V (it must equal their OpenTelemetry service.version)',
      },
    ];
  }
  if (label !== undefined && asked !== undefined && asked !== label) {
    return [
      {
        code: 'Invalid',
        text: `--version ${asked}, but the running pods are labelled ${label}`,
        fix: 'leave --version out, or correct it',
      },
    ];
  }
  return [];
}

const globalProblem = (one: ClusterFacts, config: LoadedConfig): Problem => ({
  code: 'Invalid',
  text: `${one.cluster}/${config.service.namespace}/${config.service.name} is a global Service (affinity ${one.frontend?.affinity || 'none'}), so where its calls go today depends on endpoint counts`,
  fix: 'say in the Service document where they shall go: spec.topology',
});

function deployProblems(
  config: LoadedConfig,
  facts: readonly ClusterFacts[],
  change: Extract<Change, { kind: 'deploy' }>,
): Problem[] {
  if (!/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/.test(change.version)) {
    return [
      {
        code: 'Invalid',
        text: `version ${JSON.stringify(change.version)} cannot be a label value`,
        fix: 'use at most 63 letters, digits, ., _ and -',
      },
    ];
  }
  const { name } = config.service;
  const known = facts.some((one) => one.workloads.some((workload) => workload.version === change.version));
  const made = change.image !== undefined || config.service.podTemplate !== undefined;
  if (config.service.workload === 'managed' && !known && !made) {
    return [
      {
        code: 'Invalid',
        text: `nothing says what ${name} ${change.version} is made of`,
        fix: 'give --image, or spec.template in the Service document',
      },
    ];
  }
  return facts.flatMap((one) => {
    const taken = one.workloads.find((workload) => workload.version === change.version && workload.managed);
    if (taken === undefined || change.image === undefined || taken.image === change.image) return [];
    const text = `${one.cluster}: ${name} ${change.version} exists as ${taken.deployment} with image ${taken.image}, not ${change.image}`;
    return [
      {
        code: 'VersionExists',
        text,
        fix: 'a version name stands for one build for ever: use another name',
      } satisfies Problem,
    ];
  });
}

/** A version is made from what runs: a serving cluster without any Deployment of the service has nothing to copy. */
function sourceProblems(config: LoadedConfig, facts: readonly ClusterFacts[]): Problem[] {
  const called = facts.filter((one) => facts.some((client) => (topologyOf(config, client, 1)[one.cluster] ?? 0) > 0));
  return called
    .filter((one) => one.workloads.length === 0)
    .map((one) => ({
      code: 'Invalid',
      text: `${one.cluster}/${config.service.namespace}: no Deployment behind ${config.service.name}`,
      fix: 'take the cluster out of the topology, or run the service there',
    }));
}

/** Neither what a version is made from nor the version itself may have been edited: the name stands for one template. */
function editProblems(config: LoadedConfig, facts: readonly ClusterFacts[], version: string): Problem[] {
  const copied = config.service.workload === 'managed' && config.service.podTemplate === undefined;
  return facts.flatMap((one) => {
    const source = mainVersion(one.record?.versions.proven?.[one.cluster]);
    return editedProblems(config, one, copied ? [source, version] : [version]);
  });
}

/** Deployments of these versions whose pod template others changed since Tidegate made it. */
export const editedProblems = (config: LoadedConfig, one: ClusterFacts, versions: readonly string[]): Problem[] =>
  one.workloads
    .filter(({ managed, version, editedBy = '' }) => managed && editedBy !== '' && versions.includes(version))
    .map(({ deployment, version, editedBy: editor = '' }) => {
      const { namespace } = config.service;
      const { text, fix } = describeEdited({ cluster: one.cluster, namespace, deployment, version, editor });
      return { code: 'VersionExists', text, fix };
    });

/** Topology of a client cluster: recorded, or at adoption from the config (default: it answers its own calls). */
export function topologyOf(config: LoadedConfig, one: ClusterFacts, whole: number): Shares {
  const recorded = one.record?.topology.current;
  if (recorded) return recorded;
  return config.service.topology?.[one.cluster] ?? { [one.cluster]: whole };
}

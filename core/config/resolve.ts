/** Checked documents → the config that plans are made of. Times in ms, shares in ppm, clusters in the mesh's order. */
import type { Slo } from '../judge/settings.ts';
import { refuse } from '../values/error.ts';
import { canonicalJson } from '../values/canonical.ts';
import { resolveAccess } from './access/resolve-access.ts';
import type { JobInFile } from './before/job-file.ts';
import type { EventsConfig } from './events/types.ts';
import { defaultGrpcSlos, defaultSlos, rolloutDefaults, waveDefaults } from './defaults.ts';
import { parseDuration } from '../values/duration.ts';
import { resolveJudge } from './judge-schema.ts';
import type { WrittenMesh } from './mesh-schema.ts';
import { suggestName } from './nearest.ts';
import type { WrittenService } from './service-schema.ts';
import { routesIn } from './routes/resolve-routes.ts';
import { resolveSlos } from './slo-schema.ts';
import type { ReachableMesh, RegistryAccess, ServiceConfig, WaveConfig } from './types.ts';
import { countOf, defaultWaves, resolveTopology, selectWaves, servingClusters } from './waves.ts';
import { present } from '../values/json.ts';
import { gatesIn, windowsIn } from './windows/resolve-windows.ts';
import type { BeforeJob } from '../workload/before/before-job.ts';

export interface CheckedMesh {
  /** Where it was read; relative kubeconfig paths start at its folder. */
  readonly file: string;
  readonly written: WrittenMesh;
}

export interface CheckedService {
  readonly file: string;
  readonly written: WrittenService;
  /** Undefined when the service names no template. */
  readonly podTemplate: unknown;
  /** Jobs that have a file, by their place in rollout.before. */
  readonly jobs: ReadonlyMap<number, JobInFile>;
}

export interface CheckedConfig {
  readonly meshes: readonly CheckedMesh[];
  readonly services: readonly CheckedService[];
  readonly events: EventsConfig;
}

export interface ResolvedConfig {
  readonly mesh: ReachableMesh;
  readonly meshFile: string;
  readonly service: ServiceConfig;
  readonly serviceFile: string;
  /** Take the sha256 of this: free of machine paths, so the same config has the same digest everywhere. */
  readonly digestInput: string;
}

export interface ServiceQuery {
  /** Checked against the service's own mesh. */
  readonly mesh?: string;
  /** Needed only when two namespaces have a service of that name. */
  readonly namespace?: string;
  readonly service: string;
}

export const resolveMesh = (config: CheckedConfig, name?: string): { mesh: ReachableMesh; meshFile: string } => {
  const names = config.meshes.map(({ written }) => written.metadata.name);
  const found = config.meshes.filter(({ written }) => name === undefined || written.metadata.name === name);
  const [mesh] = found;
  if (mesh === undefined) {
    const wanted = name === undefined ? 'there is no Mesh document' : `there is no Mesh named ${name}`;
    refuse('Invalid', wanted, name === undefined ? 'write one' : suggestName(name, names));
  }
  if (found.length > 1) {
    refuse('Invalid', `there are several meshes: ${names.join(', ')}`, 'name one');
  }
  return { mesh: meshConfig(mesh.written), meshFile: mesh.file };
};

/** Throws TidegateError('Invalid') when the query fits no service, or several. */
export const resolveService = (config: CheckedConfig, query: ServiceQuery): ResolvedConfig => {
  const checked = findService(config, query);
  const { mesh, meshFile } = resolveMesh(config, checked.written.spec.mesh);
  const service = serviceConfig(checked, mesh);
  return { mesh, meshFile, service, serviceFile: checked.file, digestInput: canonicalJson({ mesh, service }) };
};

const findService = ({ services }: CheckedConfig, query: ServiceQuery): CheckedService => {
  const named = services.filter(
    ({ written: { metadata } }) =>
      metadata.name === query.service && (query.namespace === undefined || metadata.namespace === query.namespace),
  );
  const found = named.filter(({ written }) => query.mesh === undefined || written.spec.mesh === query.mesh);
  const [service] = found;
  if (service === undefined) {
    const wanted = query.namespace === undefined ? query.service : `${query.namespace}/${query.service}`;
    const elsewhere = named[0]?.written.spec.mesh;
    if (elsewhere !== undefined) {
      refuse(
        'Invalid',
        `service ${wanted} is in mesh ${elsewhere}, not in ${query.mesh ?? ''}`,
        `ask for mesh ${elsewhere}`,
      );
    }
    refuse(
      'Invalid',
      `there is no Service document for ${wanted}`,
      suggestName(wanted, query.namespace === undefined ? services.map(nameOf) : services.map(qualifiedNameOf)),
    );
  }
  if (found.length > 1) {
    refuse(
      'Invalid',
      `several services are named ${query.service}: ${found.map(qualifiedNameOf).join(', ')}`,
      'name the namespace too',
    );
  }
  return service;
};

const nameOf = ({ written }: CheckedService): string => written.metadata.name;
const qualifiedNameOf = ({ written }: CheckedService): string =>
  `${written.metadata.namespace}/${written.metadata.name}`;

const meshConfig = ({ metadata, spec }: WrittenMesh): ReachableMesh => ({
  name: metadata.name,
  installation: spec.installation,
  clusters: spec.clusters.map(({ name, cilium, locality, labels, access, kubeconfig }) => ({
    ref: { name, access: resolveAccess(access ?? { kubeconfig }) },
    ciliumId: cilium.id,
    locality,
    labels,
  })),
  metrics: metricsRef(spec.metrics),
  ...(spec.failover !== 'off' && { failover: spec.failover }),
  ...present({ dollarsPerMillionActions: spec.temporal?.dollarsPerMillionActions }),
  ...(spec.registries !== undefined && { registries: spec.registries.map(registryAccess) }),
  ...windowsIn(spec.windows),
  ...(spec.approvals !== undefined && { approvals: approvalsConfig(spec.approvals) }),
});

const registryAccess = ({
  host,
  credentials,
}: NonNullable<WrittenMesh['spec']['registries']>[number]): RegistryAccess => ({
  host,
  ...present({ credentials }),
});

const approvalsConfig = ({
  key,
  url,
  ttl,
}: NonNullable<WrittenMesh['spec']['approvals']>): NonNullable<ReachableMesh['approvals']> => ({
  key,
  url: url.replace(/\/+$/, ''),
  ttlMs: ttl,
});

/** Checked: one of the two is there. */
const metricsRef = ({ prometheus, otlp }: WrittenMesh['spec']['metrics'] = {}): ReachableMesh['metrics'] => {
  if (otlp !== undefined) return { kind: 'otlp' };
  if (prometheus === undefined) return null;
  const { url, tokenEnv, tenant, tenantHeader } = prometheus;
  return {
    url,
    ...present({ tokenEnv, tenant, tenantHeader }),
  };
};

const serviceConfig = ({ written, podTemplate, jobs }: CheckedService, mesh: ReachableMesh): ServiceConfig => {
  const { metadata, spec } = written;
  const { policy, rollout, judge, adopt } = spec;
  const before = (rollout.before ?? []).map(({ name, timeout, image, command }, index): BeforeJob => ({
    name,
    timeoutMs: timeout,
    ...present({ image, command }),
    ...jobs.get(index),
  }));
  return {
    name: metadata.name,
    namespace: metadata.namespace,
    mesh: spec.mesh,
    port: spec.port === undefined ? '' : String(spec.port),
    ...present({ protocol: spec.protocol }),
    workload: spec.workload,
    ...present({ podTemplate, deployment: spec.deployment }),
    ...(spec.config === 'copy' && { config: spec.config }),
    ...(spec.serviceVersion === 'env' && { serviceVersion: spec.serviceVersion }),
    topology: resolveTopology(clusterNames(mesh), spec.topology),
    ...present({ failover: spec.failover, ratePerReplica: spec.ratePerReplica }),
    policy: {
      requestTimeoutMs: policy.requestTimeout,
      upstreamIdleMs: policy.upstreamIdleTimeout,
      connectTimeoutMs: policy.connectTimeout,
      ...(policy.idleTimeout > 0 && { idleTimeoutMs: policy.idleTimeout }),
    },
    ...routesIn(written),
    waves: waveConfigs(spec, mesh),
    adoptBakeMs: adopt.bake,
    progressDeadlineMs: rollout.progressDeadline,
    capacity: rollout.capacity,
    warmUpMs: rollout.warmUp ?? durationOf(rolloutDefaults.warmUp[judge.type]),
    warmMs: rollout.warm,
    maxUnknownMs: rollout.maxUnknown,
    onBreach: rollout.onBreach,
    drainMs: rollout.drain,
    ...(before.length > 0 && { before }),
    drift: spec.drift,
    ...windowsIn(rollout.windows),
    ...gatesIn(rollout.waves),
    slos: withProbeRoutes(slosOf(spec), spec.probeRoutes),
    judge: resolveJudge(judge),
  };
};

const slosOf = ({ slos, protocol }: WrittenService['spec']): readonly Slo[] => {
  if (slos !== undefined) return resolveSlos(slos);
  return protocol === 'grpc' ? defaultGrpcSlos : defaultSlos;
};

/** Envoy's counters know no routes. */
const withProbeRoutes = (slos: readonly Slo[], probeRoutes: readonly string[] | undefined): readonly Slo[] =>
  probeRoutes === undefined ? slos : slos.map((slo) => (slo.source === 'server' ? { ...slo, probeRoutes } : slo));

/** Of a default, which is a duration by construction. */
const durationOf = (text: string): number => parseDuration(text) ?? 0;

const clusterNames = (mesh: ReachableMesh): string[] => mesh.clusters.map(({ ref }) => ref.name);

const atOnceIn = (concurrency: number | string, clusters: number): number =>
  Math.max(1, Math.min(countOf(concurrency, clusters), waveDefaults.mostAtOnce));

const waveConfigs = (spec: WrittenService['spec'], mesh: ReachableMesh): WaveConfig[] => {
  const names = clusterNames(mesh);
  const serving = servingClusters(names, spec.topology);
  const { waves } = spec.rollout;
  if (waves === undefined) return defaultWaves(names, serving);
  const clusters = mesh.clusters.map(({ ref, locality, labels }) => ({
    name: ref.name,
    locality: { ...locality, zones: [...locality.zones] },
    labels,
  }));
  const { selected } = selectWaves(
    { name: mesh.name, clusters },
    waves.map((wave) => wave.clusters),
    serving,
  );
  return waves.map(({ name, steps, concurrency }, index) => ({
    name: name ?? `wave ${String(index + 1)}`,
    clusters: selected[index] ?? [],
    ...(concurrency !== undefined && { atOnce: atOnceIn(concurrency, selected[index]?.length ?? 0) }),
    steps: steps.map(({ share, bake, approve, gate }) => ({
      ...{ share, approve, bakeMs: bake === 'auto' ? durationOf(rolloutDefaults.autoBake) : bake },
      ...(bake === 'auto' && { auto: true as const }),
      ...(gate !== undefined && { gate: { url: gate.url, timeoutMs: gate.timeout } }),
    })),
  }));
};

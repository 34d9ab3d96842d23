/**
 * platform/config: config files on disk → LoadedConfig. Reads, resolves paths and takes the digest; what the documents
 * mean is decided in core/config. Every call reads anew, and parses where a text has changed: a rollout resolves its config
 * once and keeps the result.
 */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { EventsConfig, SecretRef } from '../../core/config/events/types.ts';
import type { LoadConfigInput } from '../../core/contract/activities.ts';
import type { ServiceIdentity } from '../../core/contract/workflow-ids.ts';
import { withPaths } from '../../core/kube/cluster-access.ts';
import { refuse } from '../../core/values/error.ts';
import { readConfig, type ParsedConfig, type ReadConfig } from '../../core/config/parse.ts';
import { type ConfigProblem, formatProblem } from '../../core/config/problem.ts';
import { type CheckedConfig, resolveMesh, resolveService } from '../../core/config/resolve.ts';
import type { SinkConfig } from '../../core/config/events/types.ts';
import type { ReachableConfig, ReachableMesh } from '../../core/config/types.ts';
import { checkMeshes, checkSenders, checkSinks, type SendersToday } from '../../core/config/way-back.ts';
import { createParser, type ParsedFiles } from './parsed-files.ts';
import { readConfigFiles } from './read-files.ts';
import { fromRecords, loadFaulty, type FaultyConfig, type KeptCopy } from './way-back.ts';

export interface MeshServices {
  readonly mesh: ReachableMesh;
  readonly services: readonly ReachableConfig[];
}

export interface FrontDoorDocuments {
  readonly events: EventsConfig;
  readonly services: readonly ServiceIdentity[];
  /** Of all meshes: by which links to approve are believed. */
  readonly approvalKeys: readonly SecretRef[];
}

export interface ConfigWithEvents {
  readonly config: ReachableConfig;
  readonly events: EventsConfig;
}

export interface ConfigLoader {
  /**
   * Throws TidegateError('Invalid') with one line per problem, or when the service is not there. For a way back faults of
   * other documents are passed over, and what cannot be read today is taken from the last good copy of this process.
   */
  load(input: LoadConfigInput): Promise<ReachableConfig>;
  /** The only mesh, or the one of that name. Throws like `load`. */
  loadMesh(name?: string): Promise<ReachableMesh>;
  /** Every mesh whose own document is right, whatever is wrong elsewhere: no reason not to reach a cluster. */
  readMeshes(): Promise<readonly ReachableMesh[]>;
  /** Every sink whose own document is right, whatever is wrong elsewhere. */
  readSinks(): Promise<readonly SinkConfig[]>;
  /** The senders of today, whatever is wrong elsewhere. */
  readSenders(): Promise<SendersToday>;
  /** The mesh as in `loadMesh`, with its services, of one namespace when that is given. The files are parsed once. */
  loadServices(query: { mesh?: string; namespace?: string }): Promise<MeshServices>;
  /** The service as in `load`, and what triggers say, from one reading of the files. */
  loadWithEvents(input: Omit<LoadConfigInput, 'wayBack'>): Promise<ConfigWithEvents>;
  /** Senders, triggers and sinks, and the services that they may name. Throws like `load`. */
  loadFrontDoor(): Promise<FrontDoorDocuments>;
  /** Every problem of these files and folders (empty = the loader's directory). Nothing is thrown for bad content. */
  validate(paths: readonly string[]): Promise<readonly ConfigProblem[]>;
}

export function createConfigLoader({ directory }: { directory: string }): ConfigLoader {
  const parsePaths = createParser();
  let kept: KeptCopy | undefined;
  const keep = (config: CheckedConfig): CheckedConfig => {
    kept = { config, atMs: Date.now() };
    return config;
  };
  const checked = async (): Promise<CheckedConfig> => keep(wholeOrRefuse(await parsePaths([directory])));
  return {
    async load(input) {
      if (input.wayBack === undefined) return loadedFrom(await checked(), input);
      const parsed = await parsePaths([directory]);
      if (parsed.ok) keep(parsed.config);
      return loadForWayBack(parsed, { input, kept });
    },
    async loadMesh(name) {
      const { mesh, meshFile } = resolveMesh(await checked(), name);
      return withAbsolutePaths(mesh, meshFile);
    },
    async readMeshes() {
      const whole = checkMeshes(await readDocumentsIn(directory));
      return whole.meshes.map(({ written }) => {
        const { mesh, meshFile } = resolveMesh(whole, written.metadata.name);
        return withAbsolutePaths(mesh, meshFile);
      });
    },
    readSinks: async () => checkSinks(await readDocumentsIn(directory)),
    readSenders: async () => checkSenders(await readDocumentsIn(directory)),
    async loadServices({ mesh: name, namespace }) {
      const config = await checked();
      const { mesh, meshFile } = resolveMesh(config, name);
      const services = config.services
        .map(({ written: { metadata, spec } }) => ({ ...metadata, mesh: spec.mesh }))
        .filter((one) => one.mesh === mesh.name && (namespace === undefined || one.namespace === namespace))
        .map((one) => loadedFrom(config, { mesh: one.mesh, namespace: one.namespace, service: one.name }));
      return { mesh: withAbsolutePaths(mesh, meshFile), services };
    },
    async loadWithEvents(input) {
      const found = await checked();
      return { config: loadedFrom(found, input), events: found.events };
    },
    async loadFrontDoor() {
      const { events, services, meshes } = await checked();
      return {
        events,
        services: services.map(({ written }) => identityOf(written)),
        approvalKeys: meshes.flatMap(({ written }) => written.spec.approvals?.key ?? []),
      };
    },
    async validate(paths) {
      const parsed = await parsePaths(paths.length === 0 ? [directory] : paths);
      if (parsed.ok && paths.length === 0) keep(parsed.config);
      return parsed.ok ? [] : parsed.problems;
    },
  };
}

/** That a file cannot be read is a problem of the documents, too. */
async function readDocumentsIn(directory: string): Promise<ReadConfig> {
  const { files, problems } = await readConfigFiles([directory]);
  const read = readConfig(files);
  return { ...read, problems: [...read.problems, ...problems] };
}

const identityOf = ({ metadata, spec }: CheckedConfig['services'][number]['written']): ServiceIdentity => ({
  mesh: spec.mesh,
  namespace: metadata.namespace,
  service: metadata.name,
});

interface WayBackLoad {
  readonly input: LoadConfigInput;
  readonly kept: KeptCopy | undefined;
}

function loadForWayBack(parsed: ParsedFiles, { input, kept }: WayBackLoad): ReachableConfig {
  const problems = parsed.ok ? [] : parsed.problems;
  const faulty: FaultyConfig = { ...parsed, problems, kept, resolve: loadedFrom };
  if (!parsed.ok) return loadFaulty(faulty, input) ?? loadedFrom(wholeOrRefuse(parsed), input);
  try {
    return loadedFrom(parsed.config, input);
  } catch (error) {
    // The Service document is gone, and the records are not.
    const records = fromRecords(faulty, input);
    if (records === undefined) throw error;
    const note = `there is no Service document for ${input.service}; this restore goes by the records and defaults`;
    return { ...records, notes: [note] };
  }
}

const loadedFrom = (config: CheckedConfig, input: LoadConfigInput): ReachableConfig => {
  const { mesh, meshFile, service, digestInput } = resolveService(config, input);
  const digest = createHash('sha256').update(digestInput).digest('hex');
  const sinks = config.events.sinks.map(({ name }) => name);
  return { mesh: withAbsolutePaths(mesh, meshFile), service, digest, ...(sinks.length > 0 && { sinks }) };
};

const wholeOrRefuse = (parsed: ParsedConfig): CheckedConfig => {
  if (parsed.ok) return parsed.config;
  const count = `${String(parsed.problems.length)} ${parsed.problems.length === 1 ? 'problem' : 'problems'}`;
  refuse(
    'Invalid',
    `the config has ${count}:\n${parsed.problems.map(formatProblem).join('\n')}`,
    'correct these lines; tidegate validate shows the same list',
  );
};

const withAbsolutePaths = (mesh: ReachableMesh, file: string): ReachableMesh => {
  const absolute = (path: string): string =>
    path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(dirname(file), path);
  return {
    ...mesh,
    clusters: mesh.clusters.map((cluster) => ({
      ...cluster,
      ref: { ...cluster.ref, access: withPaths(cluster.ref.access, absolute) },
    })),
  };
};

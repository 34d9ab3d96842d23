/**
 * platform/config: config files on disk → LoadedConfig. Reads, resolves paths and takes the digest; what the documents
 * mean is decided in core/config. Every call reads anew, and parses where a text has changed: a rollout resolves its config
 * once and keeps the result.
 */
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import type { EventsConfig, SecretRef } from '../../core/config/events/types.ts';
import type { LoadConfigInput } from '../../core/contract/activities.ts';
import type { ServiceIdentity } from '../../core/contract/workflow-ids.ts';
import { withPaths } from '../../core/kube/cluster-access.ts';
import { refuse, TidegateError } from '../../core/values/error.ts';
import { hubStatusSink } from '../../core/config/events/types.ts';
import type { HubObject } from '../../core/config/hub/object.ts';
import type { ConfigOrigins } from '../../core/config/places/origin.ts';
import { parsePlace } from '../../core/config/places/place.ts';
import { readConfig, type ReadConfig } from '../../core/config/parse.ts';
import { type ConfigProblem, formatProblem } from '../../core/config/problem.ts';
import { type CheckedConfig, resolveMesh, resolveService } from '../../core/config/resolve.ts';
import type { SinkConfig } from '../../core/config/events/types.ts';
import type { ReachableConfig, ReachableMesh } from '../../core/config/types.ts';
import { checkMeshes, checkSenders, checkSinks, type SendersToday } from '../../core/config/way-back.ts';
import { absolutePath } from './absolute-path.ts';
import { completeConfig, type ListQuery } from './complete.ts';
import { createParser, readable, type ParsedFiles } from './parsed-files.ts';
import type { PlacesRead } from './places/places-read.ts';
import { createPlaces } from './places/read-places.ts';
import { fromRecords, loadFaulty, type FaultyConfig, type KeptCopy } from './way-back.ts';

interface ServicesQuery extends ListQuery {
  /** Throws rather than leave out what has faults in a hub: something is done to all of them. */
  readonly complete?: true;
}

export interface MeshServices {
  readonly mesh: ReachableMesh;
  readonly services: readonly ReachableConfig[];
}

export interface FrontDoorDocuments {
  readonly events: EventsConfig;
  readonly services: readonly ServiceIdentity[];
  /** Of all meshes: by which links to approve are believed. */
  readonly approvalKeys: readonly SecretRef[];
  /** Objects of a hub that are there, have faults and are not among these. Absent: none. */
  readonly leftOut?: readonly LeftOut[];
}

export type LeftOut = Pick<HubObject, 'kind' | 'namespace' | 'name'>;

export interface ConfigWithEvents {
  readonly config: ReachableConfig;
  readonly events: EventsConfig;
}

export interface ObjectWithFaults {
  readonly object: HubObject;
  /** Empty: it is right. */
  readonly problems: readonly ConfigProblem[];
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
  /** Every sink whose own document is right, whatever is wrong elsewhere; while the place cannot be asked, as before. */
  readSinks(): Promise<readonly SinkConfig[]>;
  /** The senders of today, whatever is wrong elsewhere. */
  readSenders(): Promise<SendersToday>;
  /** The mesh as in `loadMesh`, with its services, of one namespace when that is given. The files are parsed once. */
  loadServices(query: ServicesQuery): Promise<MeshServices>;
  /** The service as in `load`, and what triggers say, from one reading of the files. */
  loadWithEvents(input: Omit<LoadConfigInput, 'wayBack'>): Promise<ConfigWithEvents>;
  /** Senders, triggers and sinks, and the services that they may name. Throws like `load`. */
  loadFrontDoor(): Promise<FrontDoorDocuments>;
  /** The objects of a hub, each with its faults; none where config is in files. Throws where the hub cannot be asked. */
  readObjects(): Promise<readonly ObjectWithFaults[]>;
  /** Every problem of these files and folders (empty = the loader's directory). Nothing is thrown for bad content. */
  validate(paths: readonly string[]): Promise<readonly ConfigProblem[]>;
}

/** @param directory or another place: see core/config/places/place.ts */
export function createConfigLoader({ directory }: { directory: string }): ConfigLoader {
  const readPlaces = createPlaces();
  const parsePaths = createParser(readPlaces);
  // Where the objects have a status, runs tell it.
  const ownSinks = parsePlace(directory).kind === 'hub' ? [hubStatusSink] : [];
  let kept: KeptCopy | undefined;
  const keep = (parsed: ParsedFiles): ParsedFiles => {
    const config = parsed.ok ? parsed.config : parsed.rest && withKept(parsed.rest, kept?.config);
    if (config !== undefined) kept = { config, atMs: Date.now() };
    return parsed;
  };
  const parse = async (): Promise<ParsedFiles> => keep(await parsePaths([directory]));
  const loadedFrom = (config: CheckedConfig, input: LoadConfigInput, origins?: ConfigOrigins): ReachableConfig =>
    loadedConfig(config, input, { origins, sinks: ownSinks });
  return {
    async load(input) {
      const parsed = await parse();
      if (input.wayBack !== undefined) return loadForWayBack(parsed, { input, kept, loadedFrom });
      return ofRight(parsed, (config) => loadedFrom(config, input, parsed.origins));
    },
    loadMesh: async (name) =>
      ofRight(await parse(), (config) => {
        const { mesh, meshFile } = resolveMesh(config, name);
        return withAbsolutePaths(mesh, meshFile);
      }),
    ...readersOfRight(() => readPlaces([directory]), ownSinks),
    async loadServices(query) {
      const parsed = await parse();
      const complete = query.complete === true ? completed(parsed, query, kept?.config) : undefined;
      return ofRight(parsed, (right) =>
        servicesOf(complete ?? right, query, (one) => loadedFrom(complete ?? right, one, parsed.origins)),
      );
    },
    async loadWithEvents(input) {
      const parsed = await parse();
      return ofRight(parsed, (config) => ({
        config: loadedFrom(config, input, parsed.origins),
        events: config.events,
      }));
    },
    async loadFrontDoor() {
      const parsed = await parse();
      return { ...ofRight(parsed, documentsOfDoor), ...leftOutOf(parsed) };
    },
    async validate(paths) {
      const parsed = paths.length === 0 ? await parse() : await parsePaths(paths);
      return parsed.ok ? [] : parsed.problems;
    },
    async readObjects() {
      const { objects = [], unreached, ...parsed } = await parse();
      if (unreached !== undefined) throw unreached;
      const problems = parsed.ok ? [] : parsed.problems;
      return objects.map((object) => ({ object, problems: problems.filter(({ file }) => file === object.path) }));
    },
  };
}

const documentsOfDoor = ({ events, services, meshes }: CheckedConfig): FrontDoorDocuments => ({
  events,
  services: services.map(({ written }) => identityOf(written)),
  approvalKeys: meshes.flatMap(({ written }) => written.spec.approvals?.key ?? []),
});

function leftOutOf(parsed: ParsedFiles): Pick<FrontDoorDocuments, 'leftOut'> {
  if (parsed.ok || parsed.objects === undefined) return {};
  const faulty = new Set(parsed.problems.map(({ file }) => file));
  return { leftOut: parsed.objects.filter(({ path }) => faulty.has(path)) };
}

/** What is right by itself, whatever is wrong elsewhere. */
function readersOfRight(
  read: () => Promise<PlacesRead>,
  ownSinks: readonly SinkConfig[],
): Pick<ConfigLoader, 'readMeshes' | 'readSinks' | 'readSenders'> {
  let sinks: readonly SinkConfig[] | undefined;
  return {
    readMeshes: async () => {
      const whole = checkMeshes(readDocuments(await read()));
      return whole.meshes.map(({ written }) => {
        const { mesh, meshFile } = resolveMesh(whole, written.metadata.name);
        return withAbsolutePaths(mesh, meshFile);
      });
    },
    async readSinks() {
      const found = await read();
      // What has happened is told also while the place of config is away.
      if (found.unreached === undefined || sinks === undefined) sinks = checkSinks(readDocuments(found));
      return [...sinks, ...ownSinks];
    },
    async readSenders() {
      const found = await read();
      // Of a place that cannot be asked nobody knows whom it would let in.
      return found.unreached === undefined ? checkSenders(readDocuments(found)) : { whole: [], names: undefined };
    },
  };
}

/** The objects of a hub that are right now; those that were right before stay for ways back. */
function withKept(rest: CheckedConfig, before: CheckedConfig | undefined): CheckedConfig {
  const files = new Set([...rest.meshes, ...rest.services].map(({ file }) => file));
  const isGone = ({ file }: { readonly file: string }): boolean => !files.has(file);
  return {
    ...rest,
    meshes: [...rest.meshes, ...(before?.meshes ?? []).filter(isGone)],
    services: [...rest.services, ...(before?.services ?? []).filter(isGone)],
  };
}

function servicesOf(
  config: CheckedConfig,
  { mesh: name, namespace, service }: ListQuery,
  loaded: (of: ServiceIdentity) => ReachableConfig,
): MeshServices {
  const { mesh, meshFile } = resolveMesh(config, name);
  const services = config.services
    .map(({ written }) => identityOf(written))
    .filter((one) => one.mesh === mesh.name && one.namespace === (namespace ?? one.namespace))
    .filter((one) => one.service === (service ?? one.service));
  return { mesh: withAbsolutePaths(mesh, meshFile), services: services.map(loaded) };
}

/** undefined: nothing was left out of it. */
function completed(parsed: ParsedFiles, query: ListQuery, kept: CheckedConfig | undefined): CheckedConfig | undefined {
  if (parsed.ok || parsed.rest === undefined) return undefined;
  return completeConfig(parsed.rest, { objects: parsed.objects ?? [], problems: parsed.problems, kept }, query);
}

/** A place that cannot be asked throws: nobody knows what its documents are. */
function readDocuments({ files, problems, objects, unreached }: PlacesRead): ReadConfig {
  if (unreached !== undefined) throw unreached;
  const read = readConfig(objects === undefined ? files : readable(objects), objects?.length);
  return { ...read, problems: [...read.problems, ...problems] };
}

const identityOf = ({ metadata, spec }: CheckedConfig['services'][number]['written']): ServiceIdentity => ({
  mesh: spec.mesh,
  namespace: metadata.namespace,
  service: metadata.name,
});

type LoadedFrom = (config: CheckedConfig, input: LoadConfigInput, origins?: ConfigOrigins) => ReachableConfig;

interface WayBackLoad {
  readonly input: LoadConfigInput;
  readonly kept: KeptCopy | undefined;
  readonly loadedFrom: LoadedFrom;
}

function loadForWayBack(parsed: ParsedFiles, { input, kept, loadedFrom }: WayBackLoad): ReachableConfig {
  const problems = parsed.ok ? [] : parsed.problems;
  const faulty: FaultyConfig = { ...parsed, problems, kept, resolve: loadedFrom };
  if (!parsed.ok) return loadFaulty(faulty, input) ?? loadedFrom(wholeOrRefuse(parsed), input);
  try {
    return loadedFrom(parsed.config, input, parsed.origins);
  } catch (error) {
    // The Service document is gone, and the records are not.
    const records = fromRecords(faulty, input);
    if (records === undefined) throw error;
    const note = `there is no Service document for ${input.service}; this restore goes by the records and defaults`;
    return { ...records, notes: [note] };
  }
}

interface LoadedWith {
  readonly origins: ConfigOrigins | undefined;
  /** Beside those of documents. */
  readonly sinks: readonly SinkConfig[];
}

function loadedConfig(
  config: CheckedConfig,
  input: LoadConfigInput,
  { origins, sinks: own }: LoadedWith,
): ReachableConfig {
  const { mesh, meshFile, service, serviceFile, digestInput } = resolveService(config, input);
  const digest = createHash('sha256').update(digestInput).digest('hex');
  const sinks = [...config.events.sinks, ...own].map(({ name }) => name);
  const origin = [...new Set([serviceFile, meshFile].flatMap((file) => origins?.get(file) ?? []))];
  return {
    ...{ mesh: withAbsolutePaths(mesh, meshFile), service, digest },
    ...(origin.length > 0 && { origin }),
    ...(sinks.length > 0 && { sinks }),
  };
}

/** What is asked for, of everything that is right. Where that lacks it, the faults of what was left out are told. */
function ofRight<T>(parsed: ParsedFiles, resolve: (config: CheckedConfig) => T): T {
  const config = wholeOrRefuse(parsed);
  try {
    return resolve(config);
  } catch (error) {
    if (parsed.ok || !(error instanceof TidegateError) || error.code !== 'Invalid') throw error;
    return refuse(
      'Invalid',
      `${error.message}; these objects of the hub have faults, and are left out:\n${parsed.problems.map(formatProblem).join('\n')}`,
      'correct them; tidegate validate shows the same list',
    );
  }
}

const wholeOrRefuse = (parsed: ParsedFiles): CheckedConfig => {
  if (parsed.ok) return parsed.config;
  if (parsed.unreached !== undefined) throw parsed.unreached;
  if (parsed.rest !== undefined) return parsed.rest;
  const count = `${String(parsed.problems.length)} ${parsed.problems.length === 1 ? 'problem' : 'problems'}`;
  refuse(
    'Invalid',
    `the config has ${count}:\n${parsed.problems.map(formatProblem).join('\n')}`,
    'correct these lines; tidegate validate shows the same list',
  );
};

const withAbsolutePaths = (mesh: ReachableMesh, file: string): ReachableMesh => {
  const absolute = (path: string): string => absolutePath(path, dirname(file));
  return {
    ...mesh,
    clusters: mesh.clusters.map((cluster) => ({
      ...cluster,
      ref: { ...cluster.ref, access: withPaths(cluster.ref.access, absolute) },
    })),
  };
};

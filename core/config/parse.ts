/**
 * core/config: what users write (Mesh, Service, Sender, Trigger and Sink documents, YAML or JSON) → with defaults → checked.
 *
 *   files ──readConfig──► documents ──checkConfig──► CheckedConfig ──resolveService──► ResolvedConfig (ms, ppm, names)
 *
 * `checkConfig` checks the shape of each document, completes it with defaults, and then checks across documents. Every
 * mistake is collected with file, line, path, reason and hint; one mistake does not hide the others. Nothing here
 * throws on what a file contains. Only `resolveService` and `resolveMesh` throw, when they are asked for something that
 * is not there. Settings of judges are types of core/judge: this folder reads them, so it comes after it.
 * This folder reads no file and no environment: the caller brings the texts, and takes the digest of what is resolved.
 */
import { z } from 'zod';
import { configLimits } from './defaults.ts';
import { checkEvents } from './events/check.ts';
import { foreignKindHint } from './foreign-words.ts';
import { type SelectableCluster, API_VERSION, meshSchema, selectableClusters } from './mesh-schema.ts';
import { suggestName } from './nearest.ts';
import { type ConfigPath, type ConfigProblem, formatPath, shortened, sortedProblems } from './problem.ts';
import type { CheckedConfig, CheckedMesh, CheckedService } from './resolve.ts';
import { selectorSchema, serviceSchema, topologySchema } from './service-schema.ts';
import { checkShape, createShape } from './shape.ts';
import { type ConfigFile, type SourceDocument, readDocuments } from './source.ts';
import { JOB_KINDS, checkJobs, jobFilesOf, jobIn, type JobFile } from './before/job-file.ts';
import { type ReadTemplate, type Template, parseTemplate, pathFrom, templateIn } from './template.ts';
import { failoverFaults, type SpecFault, selectWaves, servingClusters, stepFaults, topologyFaults } from './waves.ts';
import { stepShare } from './values.ts';
import { isRecord, recordOf } from '../values/json.ts';

/** In the order in which they are told. */
const kinds = ['Mesh', 'Service', 'Sender', 'Trigger', 'Sink'];
const kindsText = 'kind: Mesh, Service, Sender, Trigger or Sink';

const meshShape = createShape(meshSchema);
const serviceShape = createShape(serviceSchema);

export type ParsedConfig =
  | { readonly ok: true; readonly config: CheckedConfig }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Config files as documents, before anybody has looked at what they say. */
export interface ReadConfig {
  readonly documents: readonly SourceDocument[];
  readonly problems: readonly ConfigProblem[];
  /** Files among them that a Service names as its template; they are no config. */
  readonly templates: ReadonlyMap<string, ReturnType<typeof readDocuments>>;
  /** Paths of templates that are not among the files. */
  readonly elsewhere: readonly string[];
}

/** Paths with forward slashes. Every file is parsed once. `most`: of files; the rest is a problem. */
export const readConfig = (files: readonly ConfigFile[], most: number = configLimits.files): ReadConfig => {
  const read = files.slice(0, most).map((file) => ({ file, ...readDocuments(file) }));
  const named = new Set(read.flatMap(({ documents }) => documents.flatMap(filesNamedBy)));
  const config = read.filter(({ file }) => !named.has(file.path));
  const templates = new Map(
    read.filter(({ file }) => named.has(file.path)).map(({ file, ...rest }) => [file.path, rest]),
  );
  return {
    documents: config.flatMap((one) => one.documents),
    problems: [...(files.length > most ? [tooManyFiles(files)] : []), ...config.flatMap((one) => one.problems)],
    templates,
    elsewhere: [...named].filter((path) => !templates.has(path)),
  };
};

export const parseConfig = (files: readonly ConfigFile[], readTemplate: ReadTemplate = () => undefined): ParsedConfig =>
  checkConfig(readConfig(files), readTemplate);

/** @param readTemplate text of the templates that are not among the files */
export const checkConfig = (read: ReadConfig, readTemplate: ReadTemplate): ParsedConfig => {
  const { documents } = read;
  const ofKind = (kind: string): SourceDocument[] => documents.filter((document) => kindOf(document) === kind);
  const problems = [...read.problems, ...documents.flatMap(checkHeader), ...checkTwins(documents)];
  const templateAt = (path: string, kinds?: readonly string[]): Template | undefined => {
    const known = read.templates.get(path);
    if (known !== undefined) return templateIn(path, known, kinds);
    const text = readTemplate(path);
    return text === undefined ? undefined : parseTemplate(path, text, kinds);
  };
  const jobAt = (path: string): JobFile | undefined => {
    const template = templateAt(path, JOB_KINDS);
    return template === undefined ? undefined : jobIn(path, template);
  };
  const meshes = ofKind('Mesh').flatMap((document): CheckedMesh[] => {
    const { value, problems: found } = checkShape(document, meshShape);
    problems.push(...found);
    return value === undefined ? [] : [{ file: document.file, written: value }];
  });
  const known = ofKind('Mesh').map(meshParts);
  // A file that cannot be read may hold the mesh: that it is missing would follow from what is said already.
  const broken = read.problems.length > 0;
  const referencesOf = (document: SourceDocument): ConfigProblem[] =>
    broken && !known.some(({ name }) => name === recordOf(recordOf(document.value())['spec'])['mesh'])
      ? []
      : checkReferences(document, known);
  const services = ofKind('Service').flatMap((document): CheckedService[] => {
    const { value, problems: found } = checkShape(document, serviceShape);
    const template = checkTemplate(document, templateAt);
    const { jobs, problems: faulty } = checkJobs(document, jobAt, (at, said) => problemAt(document, at, said));
    problems.push(...found, ...checkSteps(document), ...referencesOf(document), ...template.problems, ...faulty);
    return value === undefined
      ? []
      : [{ file: document.file, written: value, podTemplate: template.podTemplate, jobs }];
  });
  const { events, problems: ofEvents } = checkEvents(ofKind);
  problems.push(...ofEvents);
  if (problems.length > 0) return { ok: false, problems: sortedProblems(problems) };
  return { ok: true, config: { meshes, services, events } };
};

const tooManyFiles = (files: readonly ConfigFile[]): ConfigProblem => ({
  file: files[configLimits.files]?.path ?? '',
  line: 1,
  path: '',
  reason: `there are ${String(files.length)} files, more than ${String(configLimits.files)}`,
  hint: 'put several documents into one file, or config of its own into a folder of its own',
});

const problemAt = (
  document: SourceDocument,
  path: ConfigPath,
  { reason, hint }: Omit<SpecFault, 'path'>,
): ConfigProblem => ({
  file: document.file,
  line: document.lineOf(path),
  path: formatPath(path),
  reason,
  hint,
});

/** Kinds of our API only: a Kubernetes Service has the same kind and is none of ours. */
const kindOf = (document: SourceDocument): string | undefined => {
  const { apiVersion, kind } = recordOf(document.value());
  const ours = apiVersion === undefined || (typeof apiVersion === 'string' && apiVersion.startsWith('tidegate'));
  return ours && typeof kind === 'string' ? kind : undefined;
};

/** What the schema of a kind cannot say, since without a known kind there is no schema. */
const checkHeader = (document: SourceDocument): ConfigProblem[] => {
  const value = document.value();
  const problem = (path: ConfigPath, reason: string, hint: string): ConfigProblem[] => [
    problemAt(document, path, { reason, hint }),
  ];
  if (!isRecord(value))
    return problem([], 'the document is not a mapping', `start it with apiVersion: ${API_VERSION} and ${kindsText}`);
  const { apiVersion, kind } = value;
  const known = kinds.some((one) => one === kind);
  const found: ConfigProblem[] = [];
  if (typeof apiVersion === 'string' && !apiVersion.startsWith('tidegate')) {
    return problem(['apiVersion'], `unknown apiVersion ${shortened(apiVersion)}`, otherHint(apiVersion, kind));
  }
  if (!known && apiVersion !== API_VERSION)
    found.push(...problem(['apiVersion'], `must be ${API_VERSION}`, `write apiVersion: ${API_VERSION}`));
  if (known) return found;
  if (kind === undefined) return [...found, ...problem(['kind'], 'is missing', `write ${kindsText}`)];
  const typed = typeof kind === 'string' ? kind : '';
  return [...found, ...problem(['kind'], `unknown kind ${shortened(typed)}`, suggestName(typed, kinds))];
};

const otherHint = (apiVersion: string, kind: unknown): string =>
  foreignKindHint(apiVersion) ??
  (/^(v1|apps\/v1)$/.test(apiVersion)
    ? `this is a Kubernetes ${typeof kind === 'string' ? shortened(kind) : 'object'}: keep it in another folder, or name it as a template`
    : `write apiVersion: ${API_VERSION}`);

const checkTwins = (documents: readonly SourceDocument[]): ConfigProblem[] => {
  const first = new Map<string, SourceDocument>();
  return documents.flatMap((document) => {
    const kind = kindOf(document);
    const { name, namespace } = recordOf(recordOf(document.value())['metadata']);
    if (kind === undefined || typeof name !== 'string') return [];
    const title = `${kind} ${kind === 'Service' && typeof namespace === 'string' ? `${namespace}/` : ''}${name}`;
    const twin = first.get(title);
    first.set(title, twin ?? document);
    if (twin === undefined) return [];
    const place = `${twin.file}:${String(twin.lineOf(['metadata', 'name']))}`;
    return [
      problemAt(document, ['metadata', 'name'], {
        reason: `${shortened(title)} is already defined at ${place}`,
        hint: 'keep one of them',
      }),
    ];
  });
};

/** What Services refer to, readable even when the Mesh has mistakes elsewhere. */
interface MeshParts {
  readonly name: string;
  /** Undefined when the clusters cannot be read: references to them are then not checked. */
  readonly clusters: readonly SelectableCluster[] | undefined;
}

const meshParts = (document: SourceDocument): MeshParts => {
  const { metadata, spec } = recordOf(document.value());
  const clusters = selectableClusters.safeParse(recordOf(spec)['clusters']);
  return { name: String(recordOf(metadata)['name']), clusters: clusters.data };
};

const stepShares = z.array(z.looseObject({ share: stepShare }));
const waveSelectors = z.array(z.looseObject({ clusters: selectorSchema }));

/** Steps of each wave by themselves: a mistake in a bake, or in another wave, does not hide shares that do not rise. */
const checkSteps = (document: SourceDocument): ConfigProblem[] => {
  const { waves } = recordOf(recordOf(recordOf(document.value())['spec'])['rollout']);
  if (!Array.isArray(waves)) return [];
  return waves
    .flatMap((wave, index) => {
      const steps = stepShares.safeParse(recordOf(wave)['steps']);
      return steps.success
        ? stepFaults(
            index,
            steps.data.map(({ share }) => share),
          )
        : [];
    })
    .map((fault) => problemAt(document, ['spec', ...fault.path], fault));
};

/** References to the mesh and its clusters, each as far as the Service can be read. */
const checkReferences = (document: SourceDocument, meshes: readonly MeshParts[]): ConfigProblem[] => {
  const spec = recordOf(recordOf(document.value())['spec']);
  const { mesh: wanted } = spec;
  if (typeof wanted !== 'string') return [];
  const mesh = meshes.find(({ name }) => name === wanted);
  if (mesh === undefined) {
    const hint =
      meshes.length === 0
        ? 'there is no Mesh document among these files'
        : suggestName(
            wanted,
            meshes.map(({ name }) => name),
          );
    return [problemAt(document, ['spec', 'mesh'], { reason: `there is no mesh ${shortened(wanted)}`, hint })];
  }
  const { name, clusters } = mesh;
  if (clusters === undefined) return [];
  const names = clusters.map((cluster) => cluster.name);
  const topology = topologySchema.optional().safeParse(spec['topology']);
  const waves = waveSelectors.safeParse(recordOf(spec['rollout'])['waves']);
  const faults = topology.success ? topologyFaults(name, names, topology.data) : [];
  const failover = z.array(z.string()).optional().safeParse(spec['failover']);
  const strange = failover.success ? failoverFaults(name, names, failover.data) : [];
  if (waves.success) {
    const serving = topology.success && faults.length === 0 ? servingClusters(names, topology.data) : [];
    faults.push(
      ...selectWaves(
        { name, clusters },
        waves.data.map((wave) => wave.clusters),
        serving,
      ).faults,
    );
  }
  return [...faults, ...strange].map((fault) => problemAt(document, ['spec', ...fault.path], fault));
};

/** Files that hold a template or a Job of a Service document, and are no config. */
const filesNamedBy = (document: SourceDocument): string[] => [
  ...[templatePath(document) ?? []].flat(),
  ...(kindOf(document) === 'Service' ? jobFilesOf(document).map(({ path }) => path) : []),
];

const templatePath = (document: SourceDocument): string | undefined => {
  const { template } = recordOf(recordOf(document.value())['spec']);
  return kindOf(document) === 'Service' && typeof template === 'string' ? pathFrom(document.file, template) : undefined;
};

const checkTemplate = (
  document: SourceDocument,
  templateAt: (path: string) => Template | undefined,
): { problems: ConfigProblem[]; podTemplate?: unknown } => {
  const path = templatePath(document);
  if (path === undefined) return { problems: [] };
  const template = templateAt(path) ?? {
    reason: `${path} cannot be read`,
    hint: 'the path starts at the folder of this file',
  };
  if ('podTemplate' in template) return { problems: [], podTemplate: template.podTemplate };
  return { problems: [...(template.problems ?? [problemAt(document, ['spec', 'template'], template)])] };
};

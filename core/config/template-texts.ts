/**
 * Values of a template that Kubernetes wants as text. YAML reads `8080`, `true` and `1.10` as numbers and booleans; the API
 * server refuses them, and a rollout would find that out after its start.
 */
import { isRecord } from '../values/json.ts';
import { type ConfigPath, type ConfigProblem, formatPath, shortened } from './problem.ts';
import type { SourceDocument } from './source.ts';

/** `*`: every key of a mapping, `[]`: every entry of a list. The pod template's begin at the pod template. */
const metadataTexts = ['metadata.name', 'metadata.namespace', 'metadata.labels.*', 'metadata.annotations.*'];

const probeTexts = [
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle.preStop',
  'lifecycle.postStart',
].flatMap((probe) => [
  `${probe}.exec.command.[]`,
  `${probe}.httpGet.path`,
  `${probe}.httpGet.host`,
  `${probe}.httpGet.httpHeaders.[].name`,
  `${probe}.httpGet.httpHeaders.[].value`,
]);

const containerTexts = [
  'name',
  'image',
  'workingDir',
  'command.[]',
  'args.[]',
  'env.[].name',
  'env.[].value',
  'env.[].valueFrom.*.name',
  'env.[].valueFrom.*.key',
  'env.[].valueFrom.*.fieldPath',
  'envFrom.[].prefix',
  'envFrom.[].*.name',
  'ports.[].name',
  'ports.[].protocol',
  'volumeMounts.[].name',
  'volumeMounts.[].mountPath',
  'volumeMounts.[].subPath',
  ...probeTexts,
];

const podTexts = [
  ...metadataTexts,
  ...['containers', 'initContainers'].flatMap((list) => containerTexts.map((field) => `spec.${list}.[].${field}`)),
  'spec.nodeSelector.*',
  'spec.serviceAccountName',
  'spec.priorityClassName',
  'spec.imagePullSecrets.[].name',
  'spec.tolerations.[].key',
  'spec.tolerations.[].value',
  'spec.topologySpreadConstraints.[].labelSelector.matchLabels.*',
  'spec.volumes.[].name',
  'spec.volumes.[].*.name',
  'spec.volumes.[].secret.secretName',
];

/** One problem per value, where it stands in the template's file. */
export function untypedTexts(document: SourceDocument): ConfigProblem[] {
  const workload = document.value();
  const at = (prefix: readonly string[], texts: readonly string[]): ConfigPath[] =>
    texts.flatMap((text) => pathsTo(workload, [...prefix, ...text.split('.')]));
  const paths = [
    ...at([], [...metadataTexts, 'spec.selector.matchLabels.*']),
    ...at(['spec', 'template'], podTexts),
    ...at(['template'], podTexts),
  ];
  return paths.map((path) => problemOf(document, workload, path));
}

function pathsTo(root: unknown, pattern: readonly string[]): ConfigPath[] {
  const [part, ...rest] = pattern;
  if (part === undefined) return typeof root === 'number' || typeof root === 'boolean' ? [[]] : [];
  const inside = (key: string | number, value: unknown): ConfigPath[] =>
    pathsTo(value, rest).map((path) => [key, ...path]);
  if (part === '[]') return Array.isArray(root) ? root.flatMap((item, index) => inside(index, item)) : [];
  if (!isRecord(root)) return [];
  if (part === '*') return Object.entries(root).flatMap(([key, value]) => inside(key, value));
  return Object.hasOwn(root, part) ? inside(part, root[part]) : [];
}

function problemOf(document: SourceDocument, workload: unknown, path: ConfigPath): ConfigProblem {
  const value = path.reduce<unknown>(
    (inner, part) => (Array.isArray(inner) ? inner[Number(part)] : isRecord(inner) ? inner[part] : undefined),
    workload,
  );
  // As it is written: the number of `1.10` is 1.1, and quoting that would be another label.
  const written = shortened(document.sourceOf(path) ?? String(value));
  return {
    file: document.file,
    line: document.lineOf(path),
    path: formatPath(path),
    reason: `must be text, and ${written} is ${typeof value === 'number' ? 'a number' : 'a boolean'} in YAML`,
    hint: `quote it: '${written}'`,
  };
}

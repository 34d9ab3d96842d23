/** The import graph of the product, read off its sources, and what is wrong with it. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** From a file to those that it imports, statically or not; paths from the root of the repository. */
export type ImportGraph = ReadonlyMap<string, readonly string[]>;

/** What each layer may import. Entry files of cli and infra wire everything. */
const layers: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  platform: ['core', 'platform'],
  workflows: ['core', 'workflows'],
  activities: ['core', 'platform', 'activities'],
  worker: ['core', 'platform', 'workflows', 'activities', 'worker'],
  functions: ['core', 'platform', 'functions'],
  cli: ['core', 'platform', 'workflows', 'activities', 'worker', 'functions', 'cli', 'infra'],
};

/** The folders of core, each of which may import those before it. */
export const coreOrder: readonly string[] = [
  'values',
  'cel',
  'kube',
  'routing',
  'render',
  'workload',
  'judge',
  'topology',
  'config',
  'rollout',
  'events',
  'view',
  'contract',
];

export const readGraph = (root: string): ImportGraph =>
  new Map(
    Object.keys(layers)
      .flatMap((layer) =>
        readdirSync(join(root, layer), { recursive: true, encoding: 'utf8' }).map((f) => join(layer, f)),
      )
      .filter((file) => file.endsWith('.ts'))
      .map((file) => [file, importsOf(file, readFileSync(join(root, file), 'utf8'))]),
  );

const importsOf = (file: string, text: string): readonly string[] =>
  [...text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path = '']) => normalize(join(dirname(file), path)));

const part = (file: string, index: number): string => file.split('/')[index] ?? '';

/** Imports that point outwards: to a layer, or to a folder of core, that the importer must not know. */
export const outwardImports = (graph: ImportGraph): readonly string[] =>
  [...graph].flatMap(([file, imports]) =>
    imports.filter((other) => !mayImport(file, other)).map((other) => `${file} imports ${other}`),
  );

function mayImport(file: string, other: string): boolean {
  const layer = part(file, 0);
  if (layers[layer]?.includes(part(other, 0)) !== true) return false;
  if (layer !== 'core') return true;
  const [from, to] = [coreOrder.indexOf(part(file, 1)), coreOrder.indexOf(part(other, 1))];
  return from >= 0 && to >= 0 && to <= from;
}

/** Groups of files that import one another in a circle, each as a path that ends where it began. */
export function circles(graph: ImportGraph): readonly string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const walk = (file: string, path: readonly string[]): void => {
    const at = path.indexOf(file);
    if (at >= 0) found.push([...path.slice(at), file].join(' → '));
    if (at >= 0 || done.has(file)) return;
    for (const other of graph.get(file) ?? []) walk(other, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return found;
}

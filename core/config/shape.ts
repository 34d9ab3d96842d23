/**
 * One document against its schema: unknown keys, missing and wrong values, each with line, path, reason and hint.
 * Messages are made of the published JSON Schema (title, examples), so that the schema cannot say something else.
 */
import { z } from 'zod';
import { suggestName, nearestName } from './nearest.ts';
import type { ConfigPath, ConfigProblem } from './problem.ts';
import { formatPath, shortened } from './problem.ts';
import type { SourceDocument } from './source.ts';

/** The parts of a JSON Schema that we read. */
export interface SchemaNode {
  readonly title?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly anyOf?: readonly SchemaNode[];
}

/** What users write (before defaults), in JSON Schema 2020-12. */
export const publishedSchema = (schema: z.ZodType): SchemaNode => z.toJSONSchema(schema, { io: 'input' }) as SchemaNode;

export interface Shaped<T> {
  /** Undefined when there are problems. */
  readonly value: T | undefined;
  readonly problems: readonly ConfigProblem[];
}

/** Unknown keys are reported, then corrected in the document, so that the checks behind them still run. */
export const checkShape = <T>(document: SourceDocument, schema: z.ZodType<T>): Shaped<T> => {
  const published = publishedSchema(schema);
  const unknown = unknownKeys(document, published);
  const result = schema.safeParse(document.value());
  const issues = result.success ? [] : result.error.issues.flatMap(expandUnion);
  const problems = [
    ...unknown,
    ...issues.map((issue) => {
      const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
      const { reason, hint } = explain(issue, { path, published, value: valueAt(document.value(), path) });
      return { file: document.file, line: document.lineOf(path), path: formatPath(path), reason, hint };
    }),
  ];
  return { value: result.success && problems.length === 0 ? result.data : undefined, problems };
};

/** Keys that people bring along from elsewhere, and what to write here. */
const explainedKeys: Readonly<Record<string, string>> = {
  good: 'count the failed requests instead: bad: {metricSource: {type, spec: {statusClass: 5xx}}}',
  targetPercent: 'write target: 0.99',
  token: 'name the environment variable that holds it: tokenEnv',
  password: 'name the environment variable that holds a bearer token: tokenEnv',
  bearerToken: 'name the environment variable that holds it: tokenEnv',
  '<<': 'merge keys are not YAML 1.2; repeat the keys or use an alias for the whole value',
  weight: 'write share, in percent',
  setWeight: 'write share, in percent',
  pause: 'write bake: 5m for a watched time, approve: true for a gate',
};

const unknownKeys = (document: SourceDocument, published: SchemaNode): ConfigProblem[] => {
  const problems: ConfigProblem[] = [];
  const look = (value: unknown, nodes: readonly SchemaNode[], path: ConfigPath): void => {
    if (Array.isArray(value)) {
      value.forEach((item, index) => look(item, items(nodes), [...path, index]));
      return;
    }
    if (!isRecord(value)) return;
    const known = knownKeys(nodes);
    for (const key of known === undefined ? [] : Object.keys(value).filter((name) => !known.includes(name))) {
      const near = nearestName(key, known ?? []);
      problems.push({
        file: document.file,
        line: document.lineOf([...path, key]),
        path: formatPath([...path, key]),
        reason: `unknown key ${shortened(key)}`,
        hint: Object.hasOwn(explainedKeys, key) ? (explainedKeys[key] ?? '') : suggestName(key, known ?? []),
      });
      if (near === undefined || Object.hasOwn(value, near)) document.removeKey(path, key);
      else {
        document.renameKey(path, key, near);
        look(value[key], property(nodes, near), [...path, near]);
      }
    }
    for (const [key, item] of Object.entries(value)) look(item, property(nodes, key), [...path, key]);
  };
  look(document.value(), alternatives([published]), []);
  return problems;
};

const alternatives = (nodes: readonly SchemaNode[]): SchemaNode[] =>
  nodes.flatMap((node) => [node, ...alternatives(node.anyOf ?? [])]);

const items = (nodes: readonly SchemaNode[]): SchemaNode[] =>
  alternatives(nodes.flatMap((node) => (node.items === undefined ? [] : [node.items])));

/** Undefined: any key may stand there (maps of labels, of clusters), or the schema expects no mapping at all. */
const knownKeys = (nodes: readonly SchemaNode[]): string[] | undefined => {
  const closed = nodes.filter((node) => node.properties !== undefined);
  return closed.length === 0 ? undefined : closed.flatMap((node) => Object.keys(node.properties ?? {}));
};

const property = (nodes: readonly SchemaNode[], key: string): SchemaNode[] =>
  alternatives(
    nodes.flatMap((node) => {
      if (node.properties !== undefined && Object.hasOwn(node.properties, key)) return [node.properties[key] ?? {}];
      return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
    }),
  );

const schemaAt = (published: SchemaNode, path: ConfigPath): SchemaNode[] =>
  path.reduce<SchemaNode[]>(
    (nodes, part) => (typeof part === 'number' ? items(nodes) : property(nodes, part)),
    alternatives([published]),
  );

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const valueAt = (root: unknown, path: ConfigPath): unknown =>
  path.reduce<unknown>((value, part) => {
    if (Array.isArray(value)) return value[Number(part)];
    return isRecord(value) && Object.hasOwn(value, part) ? value[part] : undefined;
  }, root);

type Issue = z.core.$ZodIssue;

/** A union fails as a whole; the branch that got furthest into the value says what is wrong. */
const expandUnion = (issue: Issue): Issue[] => {
  if (issue.code !== 'invalid_union') return [issue];
  const deep = issue.errors.find((branch) => branch.length > 0 && branch.every(({ path }) => path.length > 0));
  if (deep === undefined) return [issue];
  return deep.flatMap((inner) => expandUnion({ ...inner, path: [...issue.path, ...inner.path] } as Issue));
};

interface Place {
  readonly path: ConfigPath;
  readonly published: SchemaNode;
  readonly value: unknown;
}

const explain = (issue: Issue, place: Place): { reason: string; hint: string } => {
  const nodes = schemaAt(place.published, place.path);
  const title = describeNodes(nodes);
  const hint = exampleOf(nodes);
  if (issue.code === 'custom') return { reason: issue.message, hint: String(issue.params?.['hint'] ?? '') };
  if (issue.code === 'invalid_key') {
    return {
      reason: `the key ${shortened(String(place.path.at(-1)))} is not a valid name`,
      hint: 'lower-case letters, digits and dashes',
    };
  }
  if (place.value === undefined) return { reason: 'is missing', hint: hint === '' ? `add a ${title}` : hint };
  if (issue.code === 'invalid_value') {
    const known = issue.values.map(String);
    const typed = typeof place.value === 'string' ? place.value : '';
    return {
      reason: `must be ${known.join(' or ')}`,
      hint: known.length === 1 ? `write ${known.join('')}` : suggestName(typed, known),
    };
  }
  if (issue.code === 'invalid_type' || issue.code === 'invalid_union') {
    return { reason: `must be a ${title}, not ${kindOf(place.value)}`, hint: correctionOf(title, place.value) ?? hint };
  }
  if (issue.code === 'too_big' || issue.code === 'too_small') return { reason: boundOf(issue), hint };
  return { reason: `is not a valid ${title}`, hint };
};

const describeNodes = (nodes: readonly SchemaNode[]): string => {
  const titled = nodes.find((node) => node.title !== undefined)?.title;
  const names: Record<string, string> = {
    object: 'mapping',
    array: 'list',
    boolean: 'true or false',
    integer: 'whole number',
  };
  const type = nodes.find((node) => node.type !== undefined)?.type ?? 'value';
  return titled ?? names[type] ?? type;
};

const exampleOf = (nodes: readonly SchemaNode[]): string => {
  const examples = nodes.find((node) => node.examples !== undefined)?.examples ?? [];
  if (examples.length > 0)
    return `for example ${examples.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))).join(' or ')}`;
  const options = nodes.flatMap((node) => node.enum ?? (node.const === undefined ? [] : [node.const]));
  if (options.length > 0) return `write ${options.map(String).join(' or ')}`;
  const keys = knownKeys(nodes) ?? [];
  return keys.length > 0 ? `a mapping with ${keys.join(', ')}` : '';
};

/** What somebody who wrote the wrong type most likely meant. */
const correctionOf = (title: string, value: unknown): string | undefined => {
  if (title === 'duration' && typeof value === 'number') return `add a unit: ${String(value)}s (or ms, m, h)`;
  if (typeof value !== 'string') return undefined;
  const digits = /^([0-9.]+) *%?$/.exec(value)?.[1];
  return digits !== undefined && title.includes('number')
    ? `write ${digits} without quotes and percent sign`
    : undefined;
};

const kindOf = (value: unknown): string => {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : `a ${typeof value}`;
};

const boundOf = (issue: Issue & { code: 'too_big' | 'too_small' }): string => {
  const big = issue.code === 'too_big';
  const bound = String(big ? issue.maximum : issue.minimum);
  if (issue.origin === 'array') return big ? `has more than ${bound} entries` : `needs at least ${bound} entry`;
  if (issue.origin === 'string') return big ? `is longer than ${bound} characters` : 'is empty';
  if (big) return issue.inclusive === false ? `must be below ${bound}` : `must be at most ${bound}`;
  return issue.inclusive === false ? `must be above ${bound}` : `must be at least ${bound}`;
};

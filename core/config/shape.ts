/**
 * One document against its schema: unknown keys, missing and wrong values, each with line, path, reason and hint.
 * Messages are made of the published JSON Schema (title, examples), so that the schema cannot say something else.
 */
import { z } from 'zod';
import { configLimits } from './defaults.ts';
import { type ExplainedKey, explainedKeys, foreignHint } from './foreign-words.ts';
import { nearestName, suggestName } from './nearest.ts';
import { type ConfigPath, type ConfigProblem, formatPath, shortened } from './problem.ts';
import type { SourceDocument } from './source.ts';
import { guessDuration } from '../values/duration.ts';
import { isRecord } from '../values/json.ts';

/** The parts of a JSON Schema that we read. */
export interface SchemaNode {
  readonly title?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly anyOf?: readonly SchemaNode[];
  /** One per type of a discriminated union (judges). */
  readonly oneOf?: readonly SchemaNode[];
  readonly required?: readonly string[];
}

/** What users write (before defaults), in JSON Schema 2020-12. */
export const publishedSchema = (schema: z.ZodType): SchemaNode => z.toJSONSchema(schema, { io: 'input' }) as SchemaNode;

/** A kind of document. Built once: making the JSON Schema takes longer than checking a document. */
export interface Shape<T> {
  readonly schema: z.ZodType<T>;
  readonly published: SchemaNode;
}

export const createShape = <T>(schema: z.ZodType<T>): Shape<T> => ({ schema, published: publishedSchema(schema) });

export interface Shaped<T> {
  /** Undefined when there are problems. */
  readonly value: T | undefined;
  readonly problems: readonly ConfigProblem[];
}

/** Unknown keys are reported, then corrected in the document, so that the checks behind them still run. */
export const checkShape = <T>(document: SourceDocument, { schema, published }: Shape<T>): Shaped<T> => {
  const unknown = unknownKeys(document, published);
  const value = document.value();
  const result = schema.safeParse(value);
  const issues = result.success ? [] : result.error.issues.flatMap(expandUnion);
  const problems = [
    ...unknown,
    ...issues.slice(0, configLimits.namedMistakes).map((issue) => {
      const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
      const { reason, hint } = explain(issue, { path, published, root: value, value: valueAt(value, path) });
      return { file: document.file, line: document.lineOf(path), path: formatPath(path), reason, hint };
    }),
  ];
  const unnamed = issues.length - configLimits.namedMistakes;
  if (unnamed > 0) {
    const reason = `has ${String(unnamed)} more mistakes`;
    problems.push({
      file: document.file,
      line: document.lineOf([]),
      path: '',
      reason,
      hint: 'correct the others first',
    });
  }
  return { value: result.success && problems.length === 0 ? result.data : undefined, problems };
};

const unknownKeys = (document: SourceDocument, published: SchemaNode): ConfigProblem[] => {
  const problems: ConfigProblem[] = [];
  const look = (value: unknown, candidates: readonly SchemaNode[], path: ConfigPath): void => {
    if (Array.isArray(value)) {
      value.forEach((item, index) => look(item, items(candidates), [...path, index]));
      return;
    }
    if (!isRecord(value)) return;
    const nodes = fitting(candidates, value);
    const known = knownKeys(nodes) ?? Object.keys(value);
    for (const key of Object.keys(value).filter((name) => !known.includes(name))) {
      if (problems.length >= configLimits.namedMistakes) return;
      const explained = explainKey(key, value[key], known);
      const meant = explained === undefined ? nearestName(key, known) : known.find((name) => name === explained.means);
      problems.push({
        file: document.file,
        line: document.lineOf([...path, key]),
        path: formatPath([...path, key]),
        reason: `unknown key ${shortened(key)}`,
        hint: explained?.hint ?? suggestName(key, known),
      });
      if (explained !== undefined && meant === undefined)
        problems.push(...foreignWithin(document, [...path, key], value[key]));
      if (meant === undefined || Object.hasOwn(value, meant)) document.removeKey(path, key);
      else {
        document.renameKey(path, key, meant);
        look(value[key], property(nodes, meant), [...path, meant]);
      }
    }
    for (const [key, item] of Object.entries(value)) look(item, property(nodes, key), [...path, key]);
  };
  look(document.value(), alternatives([published]), []);
  return problems.slice(0, configLimits.namedMistakes);
};

/** A word that fits where it stands is explained by the word of ours that belongs there. */
const explainKey = (key: string, value: unknown, known: readonly string[]): ExplainedKey | undefined => {
  const explained = explainedKeys.get(key);
  // A pause is at home in a step, which has a bake; it means no single key of ours.
  const isAtHome = explained?.means === undefined ? known.includes('bake') : known.includes(explained.means);
  const foreign = isAtHome || nearestName(key, known) !== undefined ? undefined : foreignHint(key, value);
  return foreign === undefined ? explained : { hint: foreign.hint };
};

/** The words of other tools inside a value that stands under one of them, except where the remedy is the same. */
const foreignWithin = (document: SourceDocument, top: ConfigPath, value: unknown): ConfigProblem[] => {
  const found: ConfigProblem[] = [];
  const look = (path: ConfigPath, inner: unknown, said: string | undefined): void => {
    if (found.length >= configLimits.namedMistakes) return;
    const key = path.at(-1);
    const foreign = typeof key === 'string' ? foreignHint(key, inner) : undefined;
    if (foreign !== undefined && foreign.remedy !== said && path.length > top.length) {
      const reason = `unknown key ${shortened(String(key))}`;
      const place = { file: document.file, line: document.lineOf(path), path: formatPath(path) };
      found.push({ ...place, reason, hint: foreign.hint });
    }
    const remedy = foreign?.remedy ?? said;
    if (Array.isArray(inner)) inner.forEach((item, index) => look([...path, index], item, remedy));
    else if (isRecord(inner)) for (const [name, item] of Object.entries(inner)) look([...path, name], item, remedy);
  };
  look(top, value, undefined);
  return found;
};

const alternatives = (nodes: readonly SchemaNode[]): SchemaNode[] =>
  nodes.flatMap((node) => [node, ...alternatives([...(node.anyOf ?? []), ...(node.oneOf ?? [])])]);

/** Of a discriminated union only the variant that the value names, so that another one's keys are unknown here. */
const fitting = (nodes: readonly SchemaNode[], value: unknown): readonly SchemaNode[] => {
  if (!isRecord(value)) return nodes;
  const contradicts = ({ properties = {}, required = [] }: SchemaNode): boolean =>
    Object.entries(properties).some(([key, { const: only }]) =>
      value[key] === undefined
        ? only !== undefined && required.includes(key)
        : only !== undefined && value[key] !== only,
    );
  const fit = nodes.filter((node) => !contradicts(node));
  return fit.some(({ properties }) => properties !== undefined) ? fit : nodes;
};

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

const schemaAt = ({ published, path, root }: Omit<SchemaPlace, 'value'>): SchemaNode[] =>
  path.reduce<SchemaNode[]>(
    (nodes, part, index) =>
      typeof part === 'number' ? items(nodes) : property(fitting(nodes, valueAt(root, path.slice(0, index))), part),
    alternatives([published]),
  );

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
  return deep.flatMap((inner) => expandUnion({ ...inner, path: [...issue.path, ...inner.path] }));
};

interface SchemaPlace {
  readonly path: ConfigPath;
  readonly published: SchemaNode;
  /** The document, and the value at the path in it. */
  readonly root: unknown;
  readonly value: unknown;
}

const explain = (issue: Issue, place: SchemaPlace): { reason: string; hint: string } => {
  const nodes = schemaAt(place);
  const title = describeNodes(nodes);
  const hint = exampleOf(nodes);
  const options = optionsOf(nodes).map(String);
  if (issue.code === 'custom') return { reason: issue.message, hint: String(issue.params?.['hint'] ?? '') };
  if (issue.code === 'invalid_key') {
    return {
      reason: `the key ${shortened(String(place.path.at(-1)))} is not a valid name`,
      hint: 'lower-case letters, digits and dashes',
    };
  }
  if (issue.code === 'unrecognized_keys') {
    return { reason: `has ${String(issue.keys.length)} more unknown keys`, hint: 'correct the others first' };
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
  const isDuration = /\bduration\b|\btime\b/.test(title);
  const meant = isDuration && typeof place.value === 'string' ? guessDuration(place.value) : undefined;
  const corrected = meant === undefined ? hint : `write ${meant}; a duration is like 10s or 1h30m`;
  if (issue.code === 'invalid_union' && typeof place.value === 'string' && isOpenText(nodes)) {
    const near = nearestName(place.value, options);
    if (near === undefined) return { reason: `is not a valid ${title}`, hint: corrected };
  }
  if (issue.code === 'invalid_union' && typeof place.value === 'string' && options.length > 0) {
    return { reason: `must be ${options.join(' or ')}`, hint: suggestName(place.value, options) };
  }
  if (issue.code === 'invalid_type' || issue.code === 'invalid_union') {
    return { reason: `must be a ${title}, not ${kindOf(place.value)}`, hint: correctionOf(title, place.value) ?? hint };
  }
  if (issue.code === 'too_big' && issue.origin === 'array') return { reason: boundOf(issue), hint: 'leave some out' };
  if (issue.code === 'too_big' || issue.code === 'too_small') return { reason: boundOf(issue), hint };
  return { reason: `is not a valid ${title}`, hint: corrected };
};

/** May texts stand there that no list names? */
const isOpenText = (nodes: readonly SchemaNode[]): boolean =>
  nodes.some((node) => node.type === 'string' && node.enum === undefined && node.const === undefined);

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
  const options = optionsOf(nodes);
  if (options.length > 0) return `write ${options.map(String).join(' or ')}`;
  const preset = nodes.find((node) => node.default !== undefined)?.default;
  const keys = knownKeys(nodes) ?? [];
  if (keys.length > 0) return `a mapping with ${keys.join(', ')}`;
  if (preset !== undefined) return `the default is ${JSON.stringify(preset)}`;
  return nodes.some(({ type }) => type === 'array') ? 'add an entry, or leave the key out' : '';
};

const optionsOf = (nodes: readonly SchemaNode[]): readonly unknown[] =>
  nodes.flatMap((node) => node.enum ?? (node.const === undefined ? [] : [node.const]));

/** What somebody who wrote the wrong type most likely meant. */
const correctionOf = (title: string, value: unknown): string | undefined => {
  if (/\bduration\b|\btime\b/.test(title) && typeof value === 'number')
    return `add a unit: ${String(value)}s (or ms, m, h)`;
  if (typeof value !== 'string') return undefined;
  const digits = /^([0-9.]+) *%?$/.exec(value)?.[1];
  return digits !== undefined && title.includes('number')
    ? `write ${digits} without quotes and percent sign`
    : undefined;
};

const kindOf = (value: unknown): string => {
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : String(value);
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

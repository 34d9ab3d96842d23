/**
 * A published JSON Schema as the structural schema that Kubernetes takes in a CustomResourceDefinition.
 *
 *   zod ──publishedSchema──► JSON Schema 2020-12 ──structural──► openAPIV3Schema
 *
 * It accepts every document that config accepts, and refuses most that it refuses: what a structural schema cannot say
 * (names of keys, values that are a text or an object) is left to the reader of the config. Defaults are left out: an
 * object is stored as it was written, and what a default is stays the business of the release that reads it.
 */
import { isRecord } from '../../values/json.ts';

type Node = Readonly<Record<string, unknown>>;

/** Words of JSON Schema that mean the same in a structural schema. */
const alike = [
  ...['type', 'title', 'description', 'enum', 'pattern', 'required', 'minimum', 'maximum', 'minLength', 'maxLength'],
  ...['minItems', 'maxItems', 'minProperties', 'maxProperties', 'multipleOf'],
] as const;

/** Words for people, which the alternatives of a union may not have. */
const told: readonly string[] = ['title', 'description', 'type'];

export function structural(node: Node): Node {
  const alternatives = alternativesOf(node);
  const own = { ...pick(node, alike), ...bounds(node), ...patternOf(node) };
  if (alternatives !== undefined) return { ...own, ...unionOf(alternatives) };
  const { type, properties, items, additionalProperties } = node;
  if (type === undefined && !('const' in node) && !('enum' in node)) return { ...own, ...anything };
  return {
    ...own,
    ...(type === undefined && { type: typeOfValues(valuesOf(node) ?? []) }),
    ...(valuesOf(node) !== undefined && { enum: valuesOf(node) }),
    ...(isRecord(properties) && { properties: mapped(properties) }),
    ...(!isRecord(properties) &&
      isRecord(additionalProperties) && { additionalProperties: structural(additionalProperties) }),
    ...(isRecord(items) && { items: structural(items) }),
  };
}

const anything = { 'x-kubernetes-preserve-unknown-fields': true };

const mapped = (properties: Node): Node =>
  Object.fromEntries(Object.entries(properties).map(([name, one]) => [name, structural(one as Node)]));

const pick = (node: Node, words: readonly string[]): Node =>
  Object.fromEntries(words.filter((word) => node[word] !== undefined).map((word) => [word, node[word]]));

/** A flag beside the bound, as in OpenAPI 3.0. */
function bounds({ exclusiveMinimum, exclusiveMaximum }: Node): Node {
  return {
    ...(typeof exclusiveMinimum === 'number' && { minimum: exclusiveMinimum, exclusiveMinimum: true }),
    ...(typeof exclusiveMaximum === 'number' && { maximum: exclusiveMaximum, exclusiveMaximum: true }),
  };
}

/** Go's expressions cannot look ahead: what a pattern asks of the first character is a pattern of its own. */
function patternOf({ pattern }: Node): Node {
  const [, ahead, rest] = typeof pattern === 'string' ? (/^\^\(\?=(\[[^\]]*\])\)(.*)$/.exec(pattern) ?? []) : [];
  return ahead === undefined ? {} : { pattern: `^${rest ?? ''}`, allOf: [{ pattern: `^${ahead}` }] };
}

const valuesOf = (node: Node): readonly unknown[] | undefined =>
  'const' in node ? [node['const']] : Array.isArray(node['enum']) ? (node['enum'] as unknown[]) : undefined;

const typeOfValues = (values: readonly unknown[]): string => {
  const [first] = values;
  return typeof first === 'boolean' ? 'boolean' : typeof first === 'number' ? 'number' : 'string';
};

function alternativesOf(node: Node): readonly Node[] | undefined {
  const found = node['anyOf'] ?? node['oneOf'];
  return Array.isArray(found) ? (found as Node[]) : undefined;
}

const typeOf = (node: Node): string =>
  typeof node['type'] === 'string' ? node['type'] : typeOfValues(valuesOf(node) ?? []);

/** What the alternatives have in common stands outside, and which of them it is inside: as a structural schema wants it. */
function unionOf(alternatives: readonly Node[]): Node {
  if (alternatives.some((one) => alternativesOf(one) !== undefined)) return anything;
  const types = [...new Set(alternatives.map(typeOf))].toSorted();
  if (types.join() === 'integer,string') return { 'x-kubernetes-int-or-string': true };
  if (types.length > 1) return anything;
  if (types[0] !== 'object') {
    return { type: types[0], anyOf: alternatives.map((one) => without(structural(one), told)) };
  }
  return objectUnion(alternatives);
}

const without = (node: Node, words: readonly string[]): Node =>
  Object.fromEntries(Object.entries(node).filter(([word]) => !words.includes(word)));

function objectUnion(alternatives: readonly Node[]): Node {
  const all = alternatives.map(({ properties }) => (isRecord(properties) ? properties : {}) as Record<string, Node>);
  const names = [...new Set(all.flatMap((one) => Object.keys(one)))];
  const properties = names.map(
    (name) => [name, oneOfSame(all.flatMap((one) => (one[name] === undefined ? [] : [one[name]])))] as const,
  );
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    anyOf: alternatives.map(({ required }, i) => alternative(all[i] ?? {}, { required, names })),
  };
}

/** One schema for a field that several alternatives have. */
function oneOfSame(schemas: readonly Node[]): Node {
  const different = [...new Map(schemas.map((one) => [JSON.stringify(one), one])).values()];
  if (different.length === 1) return structural(different[0] ?? {});
  const values = different.map(valuesOf);
  if (values.every((one) => one !== undefined)) {
    const every = [...new Set(values.flat())];
    return { type: typeOfValues(every), enum: every };
  }
  return unionOf(different);
}

/** Its fields and no others, with the values that tell it from the others. */
function alternative(
  properties: Readonly<Record<string, Node>>,
  { required, names }: { readonly required: unknown; readonly names: readonly string[] },
): Node {
  const foreign = names.filter((name) => !(name in properties));
  const telling = Object.entries(properties).flatMap(([name, one]) =>
    'const' in one ? [[name, { enum: [one['const']] }]] : [],
  );
  return {
    ...(Array.isArray(required) && required.length > 0 && { required }),
    ...(telling.length > 0 && { properties: Object.fromEntries(telling) as Node }),
    ...(foreign.length > 0 && { not: { anyOf: foreign.map((name) => ({ required: [name] })) } }),
  };
}

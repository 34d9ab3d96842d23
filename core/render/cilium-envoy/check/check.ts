/**
 * The strict check of a CiliumEnvoyConfig before every write. Neither the API server nor the agent reports a bad one: a
 * resource that does not decode is dropped and, if it was the listener, traffic bypasses Envoy. So whatever is not known
 * to be right is a problem here: unknown fields and types, extensions that cilium-envoy lacks, references into nothing.
 */
import type { Manifest } from '../../../kube/objects.ts';
import { isRecord } from '../../../values/json.ts';
import { otherResourceTypes } from '../extensions.ts';
import type { CecProblem } from './problem.ts';
import { checkReferences } from './references.ts';
import { routeSpec, type Field, type Schema } from './schema.ts';

const problem = (path: string, reason: string): CecProblem[] => [{ path, reason }];

const fieldPath = (path: string, name: string): string =>
  /^\w+$/.test(name) ? `${path}.${name}` : `${path}["${name}"]`;

const nameOf = (type: unknown): string =>
  typeof type === 'string' ? type.replace('type.googleapis.com/', '') : 'none';

const checkFields = (value: unknown, fields: Readonly<Record<string, Field>>, path: string): CecProblem[] => {
  if (!isRecord(value)) return problem(path, 'must be an object');
  const unknown = Object.keys(value)
    .filter((name) => !Object.hasOwn(fields, name))
    .map((name) => ({ path: fieldPath(path, name), reason: 'unknown field: Cilium would drop the whole resource' }));
  const known = Object.entries(fields).flatMap(([name, { schema, required }]) => {
    if (value[name] !== undefined) return check(value[name], schema, fieldPath(path, name));
    return required ? problem(fieldPath(path, name), 'missing') : [];
  });
  return [...unknown, ...known];
};

const unknownType = (type: unknown): string => {
  if (type === undefined) return 'missing';
  if (typeof type === 'string' && otherResourceTypes.includes(type))
    return `${nameOf(type)} is not a resource that Tidegate renders`;
  return `${nameOf(type)} is not known here; Cilium would skip the whole object, or its Envoy refuse it`;
};

const checkTyped = (value: unknown, known: Readonly<Record<string, Schema>>, path: string): CecProblem[] => {
  if (!isRecord(value)) return problem(path, 'must be an object with @type');
  const { '@type': type, ...rest } = value;
  const schema = typeof type === 'string' && Object.hasOwn(known, type) ? known[type] : undefined;
  return schema === undefined ? problem(`${path}["@type"]`, unknownType(type)) : check(rest, schema, path);
};

type Extension = Extract<Schema, { kind: 'extension' }>;

const checkExtension = (value: unknown, { built, known }: Extension, path: string): CecProblem[] => {
  if (!isRecord(value)) return problem(path, 'must be an object');
  const { name, typed_config: config, ...rest } = value;
  const unknown = checkFields(rest, {}, path);
  if (typeof name !== 'string') return [...unknown, ...problem(`${path}.name`, 'missing')];
  if (!built.includes(name)) {
    return [...unknown, ...problem(`${path}.name`, `not every cilium-envoy is built with ${name}`)];
  }
  return [
    ...unknown,
    ...(config === undefined
      ? problem(`${path}.typed_config`, 'missing')
      : checkTyped(config, known, `${path}.typed_config`)),
  ];
};

const checkList = (
  value: unknown,
  { item, atLeast }: Extract<Schema, { kind: 'list' }>,
  path: string,
): CecProblem[] => {
  if (!Array.isArray(value)) return problem(path, 'must be a list');
  if (value.length < atLeast) return problem(path, 'must not be empty');
  return value.flatMap((one: unknown, index) => check(one, item, `${path}[${String(index)}]`));
};

const isCount = (value: unknown, { min, max }: { min: number; max: number }): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;

const check = (value: unknown, schema: Schema, path: string): CecProblem[] => {
  const must = (right: boolean, be: string): CecProblem[] => (right ? [] : problem(path, `must be ${be}`));
  switch (schema.kind) {
    case 'text':
      return must(typeof value === 'string' && value !== '', 'a text that is not empty');
    case 'flag':
      return must(typeof value === 'boolean', 'true or false');
    case 'count':
      return must(isCount(value, schema), `an integer from ${String(schema.min)} to ${String(schema.max)}`);
    case 'duration':
      return must(typeof value === 'string' && /^\d+(\.\d{1,9})?s$/.test(value), 'a duration like 1.5s');
    case 'choice':
      return must(schema.values.includes(String(value)), `one of ${schema.values.join(', ')}`);
    case 'list':
      return checkList(value, schema, path);
    case 'fields':
      return checkFields(value, schema.fields, path);
    case 'typed':
      return checkTyped(value, schema.known, path);
    case 'extension':
      return checkExtension(value, schema, path);
  }
};

/** Everything that is wrong with a CiliumEnvoyConfig of ours; empty when it may be written. */
export const checkCec = (manifest: Manifest): CecProblem[] => {
  const { apiVersion, kind, metadata, spec } = manifest;
  const identity = [
    ...(apiVersion === 'cilium.io/v2' ? [] : problem('apiVersion', 'must be cilium.io/v2')),
    ...(kind === 'CiliumEnvoyConfig' ? [] : problem('kind', 'must be CiliumEnvoyConfig')),
    ...(metadata.name === '' ? problem('metadata.name', 'missing') : []),
    ...(metadata.namespace === '' ? problem('metadata.namespace', 'missing') : []),
  ];
  const shape = spec === undefined ? problem('spec', 'missing') : check(spec, routeSpec, 'spec');
  // References are looked up in objects whose shape is known.
  return [...identity, ...shape, ...(shape.length === 0 ? checkReferences(spec) : [])];
};

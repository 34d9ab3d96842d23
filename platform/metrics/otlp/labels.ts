/** Attributes as labels, by the names that Prometheus' OTLP translation gives them. */
import { fieldOf, listOf, textOf } from './decode.ts';
import { doubleOf, integerOf } from './numbers.ts';
import { present } from '../../../core/values/json.ts';

export type Labels = Readonly<Record<string, string>>;

/** `http.response.status_code` → `http_response_status_code`; runs of other characters become one underscore. */
export const underscored = (name: string): string => {
  const plain = name.replace(/[^A-Za-z0-9:]+/g, '_');
  return /^\d/.test(plain) ? `_${plain}` : plain;
};

/** Which process a series is from, best knowledge first. Without any, pods that share the rest look like one. */
const INSTANCE = ['service.instance.id', 'k8s.pod.uid', 'k8s.pod.name'] as const;

export const resourceLabels = (resource: unknown): Labels => {
  const attributes = attributesOf(resource);
  const instance = INSTANCE.map((key) => attributes.get(key)).find((value) => value !== undefined && value !== '');
  attributes.delete('service.instance.id');
  return { ...labelsOf(attributes), ...present({ instance }) };
};

export const pointLabels = (point: unknown): Labels => labelsOf(attributesOf(point));

const attributesOf = (message: unknown): Map<string, string> =>
  new Map(listOf(message, 'attributes').map((one) => [textOf(one, 'key'), valueOf(fieldOf(one, 'value'))]));

/** Attributes whose names differ in special characters only share a label: values in the order of the names. */
const labelsOf = (attributes: ReadonlyMap<string, string>): Labels => {
  const labels = new Map<string, string>();
  for (const [key, value] of [...attributes].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = underscored(key);
    const before = labels.get(name);
    labels.set(name, before === undefined ? value : `${before};${value}`);
  }
  return Object.fromEntries(labels);
};

/** Lists, maps and bytes are opaque: equal ones give equal text. */
const valueOf = (value: unknown): string => {
  const text = fieldOf(value, 'stringValue');
  if (typeof text === 'string') return text;
  const integer = integerOf(fieldOf(value, 'intValue'));
  if (integer !== undefined) return String(integer);
  const truth = fieldOf(value, 'boolValue');
  if (typeof truth === 'boolean') return String(truth);
  const double = doubleOf(fieldOf(value, 'doubleValue'));
  if (double !== undefined) return String(double);
  const opaque = ['arrayValue', 'kvlistValue', 'bytesValue'].map((name) => fieldOf(value, name));
  return opaque
    .filter((one) => one !== undefined)
    .map((one) => (one instanceof Uint8Array ? Buffer.from(one).toString('base64') : JSON.stringify(one)))
    .join();
};

/** UTF-16 units, keys included. */
export const sizeOf = (labels: Labels): number =>
  Object.entries(labels).reduce((sum, [name, value]) => sum + name.length + value.length, 0);

/** Bytes of a request → its message, in the shape of OTLP's JSON; what is in it is checked by points.ts. */
import { decodeProtobuf } from './messages.ts';

export type Encoding = 'json' | 'protobuf';

export const contentTypes: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  protobuf: 'application/x-protobuf',
};

/** The sender's mistake: what it sent is not OTLP. */
export class Undecodable extends Error {}

export const decodeRequest = (body: Uint8Array, encoding: Encoding): unknown => {
  try {
    return encoding === 'json' ? decodeJson(body) : decodeProtobuf(body);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Undecodable(`the body is not an ExportMetricsServiceRequest in ${encoding}: ${why}`, { cause: error });
  }
};

/** Integers of more than 15 digits outside of quotes: JSON.parse would round them. */
const LONG_INTEGER = /[:[,]\s*-?\d{16,}/;

const decodeJson = (body: Uint8Array): unknown => {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  if (!LONG_INTEGER.test(text)) return JSON.parse(text);
  return (JSON.parse as ParseWithSource)(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined && /^-?\d{16,}$/.test(source) ? source : value,
  );
};

/** ES2026; TypeScript's library does not know the third parameter yet. */
type ParseWithSource = (
  text: string,
  reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
) => unknown;

/** A field of a message; undefined when it was not sent. Nothing is read from prototypes, where protobufjs has defaults. */
export const fieldOf = (message: unknown, name: string): unknown => {
  if (message === undefined || message === null) return undefined;
  if (typeof message !== 'object') throw new Undecodable(`${name} is asked of something that is not a message`);
  return Object.hasOwn(message, name) ? ((message as Record<string, unknown>)[name] ?? undefined) : undefined;
};

export const listOf = (message: unknown, name: string): readonly unknown[] => {
  const list = fieldOf(message, name) ?? [];
  if (!Array.isArray(list)) throw new Undecodable(`${name} is not a list`);
  return list;
};

export const textOf = (message: unknown, name: string): string => {
  const text = fieldOf(message, name) ?? '';
  if (typeof text !== 'string') throw new Undecodable(`${name} is not a string`);
  return text;
};

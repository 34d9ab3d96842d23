/** JSON values as CEL has them, and back. */
import { celList, celMap, isCelList, isCelMap, isCelUint, type CelValue } from '@bufbuild/cel';
import { refuse } from '../values/error.ts';

/** Lists and objects within each other. */
const MAX_DEPTH = 32;
/** Values in all variables together. */
const MAX_VALUES = 50_000;

const TOO_LARGE = 'send a smaller event: its data with a reference instead of the whole';

/** @throws TidegateError Invalid, with the path of what is too deep. */
export function toCelVariables(variables: Readonly<Record<string, unknown>>): Record<string, CelValue> {
  let values = 0;
  // One list for all of it: a list of its own for each value would be most of the work.
  const path: string[] = [];
  const within = (name: string, value: unknown): CelValue => {
    path.push(name);
    const converted = convert(value);
    path.pop();
    return converted;
  };
  const convert = (value: unknown): CelValue => {
    values += 1;
    if (values > MAX_VALUES) return refuse('Invalid', `there are more than ${MAX_VALUES} values in it`, TOO_LARGE);
    if (path.length > MAX_DEPTH)
      return refuse('Invalid', `${path.slice(0, 4).join('.')}… is nested more than ${MAX_DEPTH} deep`, TOO_LARGE);
    if (Array.isArray(value)) return celList(value.map((one, index) => within(String(index), one)));
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
    if (typeof value !== 'object' || value === null) return null;
    const fields = Object.entries(value).filter(([, one]) => one !== undefined);
    return celMap(new Map(fields.map(([name, one]) => [name, within(name, one)])));
  };
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, within(name, value)]));
}

/** @throws TidegateError Invalid, where JSON has no such value. */
export function jsonOf(value: CelValue): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return value;
  if (typeof value === 'bigint') return numberOf(value);
  if (isCelUint(value)) return numberOf(value.value);
  if (isCelList(value)) return [...value].map(jsonOf);
  if (isCelMap(value)) return Object.fromEntries([...value].map(([key, one]) => [keyOf(key), jsonOf(one)]));
  return refuse(
    'Invalid',
    'its value is bytes, a type, a time or a duration, which JSON does not have',
    'make a text of it: string(…)',
  );
}

function numberOf(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER))
    return refuse(
      'Invalid',
      `its value ${value} is larger than a number of JSON keeps`,
      'make a text of it: string(…)',
    );
  return Number(value);
}

const keyOf = (key: unknown): string =>
  typeof key === 'string' ? key : refuse('Invalid', 'a key of its value is no text', 'make a text of it: string(…)');

/** Objects of one shape in less space: what all of them have in common is written once. */
import { canonicalJson } from './canonical.ts';

export interface Packed<T> {
  readonly common: Partial<T>;
  /** Of each object what it has of its own, in their order. */
  readonly each: readonly Partial<T>[];
}

export function packed<T extends object>(objects: readonly T[]): Packed<T> {
  const [first, ...others] = objects;
  if (first === undefined) return { common: {}, each: [] };
  const isCommon = (key: string, value: unknown): boolean => {
    const text = canonicalJson(value);
    return others.every((one) => {
      const own = (one as Record<string, unknown>)[key];
      return own === value || (own !== undefined && canonicalJson(own) === text);
    });
  };
  const common = Object.entries(first).filter(([key, value]) => value !== undefined && isCommon(key, value));
  const keys = new Set(common.map(([key]) => key));
  return {
    common: Object.fromEntries(common) as Partial<T>,
    each: objects.map((one) => Object.fromEntries(Object.entries(one).filter(([key]) => !keys.has(key))) as Partial<T>),
  };
}

/** The objects again, as they were. */
export const unpacked = <T extends object>({ common, each }: Packed<T>): T[] =>
  each.map((own) => ({ ...common, ...own }) as T);

/** JSON values of unknown shape, and objects whose fields may be absent. */

/** Is it a JSON object: neither null nor a list? */
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The object itself; an empty one for everything that is none. */
export const recordOf = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

/** The field of that name; undefined where there is no object or no such field. */
export const fieldAt = (value: unknown, name: string): unknown => (isRecord(value) ? value[name] : undefined);

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields that have a value. With `exactOptionalPropertyTypes` an absent field and an undefined one are two things. */
export const present = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;

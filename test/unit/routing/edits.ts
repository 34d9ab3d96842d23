/** Small edits of a JSON value by path, and the list of all paths in it. */

export type Path = readonly (string | number)[];

/** Every path to a field of an object, depth first. */
export const fieldPaths = (value: unknown, at: Path = []): Path[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const path = [...at, Array.isArray(value) ? Number(key) : key];
    return [...(Array.isArray(value) ? [] : [path]), ...fieldPaths(child, path)];
  });
};

/** A copy in which the value at the path is what `change` returns; undefined removes the field. */
export const edited = <T>(value: T, path: Path, change: (old: unknown) => unknown): T => {
  const [key, ...rest] = path;
  if (key === undefined) return change(value) as T;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  const field = edited(copy[key], rest, change);
  if (field === undefined) Reflect.deleteProperty(copy, key);
  else copy[key] = field;
  return copy as T;
};

/** A copy in which the field at the path has another name. */
export const renamed = <T>(value: T, path: Path, name: string): T =>
  edited(value, path.slice(0, -1), (parent) =>
    Object.fromEntries(
      Object.entries(parent as object).map(([key, field]) => [key === path.at(-1) ? name : key, field]),
    ),
  );

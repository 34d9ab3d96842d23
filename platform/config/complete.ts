/** A list that leaves no service out, although objects of a hub have faults: those that were right before stand in. */
import { type ConfigProblem, formatProblem } from '../../core/config/problem.ts';
import type { HubObject } from '../../core/config/hub/object.ts';
import type { CheckedConfig, CheckedService } from '../../core/config/resolve.ts';
import { refuse } from '../../core/values/error.ts';
import { recordOf } from '../../core/values/json.ts';

export interface ListQuery {
  readonly mesh?: string;
  readonly namespace?: string;
  readonly service?: string;
}

interface FaultyHub {
  readonly objects: readonly HubObject[];
  /** Of the objects with faults, by their `file`. */
  readonly problems: readonly ConfigProblem[];
  /** What was right last, of each object. */
  readonly kept: CheckedConfig | undefined;
}

/**
 * Whoever drains, forgets, pauses or fails over by a list without a service leaves its traffic where it is and calls it
 * done. So a service that was never right here is refused by its name, and so is a mesh of which nobody knows.
 */
export function completeConfig(
  rest: CheckedConfig,
  { objects, problems, kept }: FaultyHub,
  query: ListQuery,
): CheckedConfig {
  const files = new Set(problems.map(({ file }) => file));
  const faulty = objects.filter(({ path }) => files.has(path));
  const meshes = faulty.filter(({ kind, name }) => kind === 'Mesh' && name === (query.mesh ?? name));
  const wanted = faulty.filter((one) => one.kind === 'Service' && isAsked(one, { query, objects }));
  const found = wanted.map(({ path }) => kept?.services.find(({ file }) => file === path));
  const missing = [...meshes, ...wanted.filter((_, i) => found[i] === undefined)].map(({ path }) => path);
  if (missing.length > 0)
    refuse(
      'Invalid',
      `these objects of the hub have faults, and nothing can be listed without them:\n${problems
        .filter(({ file }) => missing.includes(file))
        .map(formatProblem)
        .join('\n')}`,
      'correct them; tidegate validate shows the same list',
    );
  return { ...rest, services: [...rest.services, ...found.filter((one): one is CheckedService => one !== undefined)] };
}

/** What is not known to be of another mesh is asked for. */
function isAsked(
  { text, name, namespace }: HubObject,
  { query, objects }: { readonly query: ListQuery; readonly objects: readonly HubObject[] },
): boolean {
  const { mesh } = recordOf(recordOf(JSON.parse(text))['spec']);
  const isElsewhere =
    mesh !== query.mesh && query.mesh !== undefined && objects.some((one) => one.kind === 'Mesh' && one.name === mesh);
  return !isElsewhere && namespace === (query.namespace ?? namespace) && name === (query.service ?? name);
}

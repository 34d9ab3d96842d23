/**
 * Config for a way back, from the first of these that names the service and its clusters: today's files if they are whole;
 * of faulty ones what is whole; the last good copy of this process; for a restore the records alone.
 */
import { checkDefaults, checkForWayBack, placesOf } from '../../core/config/way-back.ts';
import type { ReadConfig } from '../../core/config/parse.ts';
import { type ConfigProblem, formatProblem } from '../../core/config/problem.ts';
import type { CheckedConfig } from '../../core/config/resolve.ts';
import type { ReachableConfig } from '../../core/config/types.ts';
import type { LoadConfigInput } from '../../core/contract/activities.ts';
import { TidegateError } from '../../core/values/error.ts';

/** A config that was whole, and when. */
export interface KeptCopy {
  readonly config: CheckedConfig;
  readonly atMs: number;
}

export interface FaultyConfig {
  /** Reads the documents anew: a check corrects what it has looked at. */
  readonly read: () => ReadConfig;
  readonly problems: readonly ConfigProblem[];
  readonly kept: KeptCopy | undefined;
  /** Of a whole config. Throws when it does not name the service. */
  readonly resolve: (config: CheckedConfig, input: LoadConfigInput) => ReachableConfig;
}

/** undefined: a way back cannot be planned from any of them. */
export function loadFaulty(faulty: FaultyConfig, input: LoadConfigInput): ReachableConfig | undefined {
  const { kept, problems, read } = faulty;
  const [first] = problems;
  const fault = first === undefined ? '' : `, the first: ${formatProblem(first)}`;
  const count = `${problems.length} ${problems.length === 1 ? 'fault' : 'faults'}`;
  const today = attempt(faulty, checkForWayBack(read(), input), input);
  if (today !== undefined) return noted(today, `the config has ${count} elsewhere, passed over by a way back${fault}`);
  const copy = kept === undefined ? undefined : attempt(faulty, kept.config, input);
  if (copy !== undefined) {
    const at = new Date(kept?.atMs ?? 0).toISOString();
    return noted(copy, `the config has ${count}${fault}; what was read at ${at} is used for this way back`);
  }
  const records = fromRecords(faulty, input);
  const why = `the Service document cannot be read; this restore goes by the records and defaults${fault}`;
  return records === undefined ? undefined : noted(records, why);
}

/** A restore asks the records who serves: all that it needs beside them is where the service is, and the clusters. */
export function fromRecords(faulty: FaultyConfig, input: LoadConfigInput): ReachableConfig | undefined {
  if (input.wayBack !== 'restore') return undefined;
  const { meshes } = checkForWayBack(faulty.read(), input);
  const places = placesOf(faulty.read(), input);
  const only = places.length === 1 ? places[0] : undefined;
  const namespace = input.namespace ?? only?.namespace;
  const mesh = input.mesh ?? only?.mesh ?? (meshes.length === 1 ? meshes[0]?.written.metadata.name : undefined);
  if (namespace === undefined || mesh === undefined) return undefined;
  const of = { service: input.service, namespace, mesh };
  return attempt(faulty, checkDefaults(faulty.read(), of), { ...input, ...of });
}

const noted = (config: ReachableConfig, note: string): ReachableConfig => ({ ...config, notes: [note] });

/** Not naming the service is what the next source is for; every other error is told. */
function attempt(
  { resolve }: FaultyConfig,
  config: CheckedConfig,
  input: LoadConfigInput,
): ReachableConfig | undefined {
  try {
    return resolve(config, input);
  } catch (error) {
    if (error instanceof TidegateError && error.code === 'Invalid') return undefined;
    throw error;
  }
}

/** Config from wherever it is kept, as texts with what they were read from. */
import type { ConfigProblem } from '../../../core/config/problem.ts';
import type { ConfigFile } from '../../../core/config/source.ts';
import type { HubObject } from '../../../core/config/hub/object.ts';
import type { ConfigOrigins } from '../../../core/config/places/origin.ts';
import { parsePlace } from '../../../core/config/places/place.ts';
import type { TidegateError } from '../../../core/values/error.ts';
import { readConfigFiles } from '../read-files.ts';
import { createHubs } from './hubs.ts';

export interface PlacesRead {
  readonly files: readonly ConfigFile[];
  /** Of what cannot be read. */
  readonly problems: readonly ConfigProblem[];
  readonly origins: ConfigOrigins;
  /** Where the place is a hub: its objects, which are the files. Each is checked for its own sake. */
  readonly objects?: readonly HubObject[];
  /** The place could not be asked. What it would say is not known. */
  readonly unreached?: TidegateError;
}

/** Several paths may be directories and files only. */
export function createPlaces(): (paths: readonly string[]) => Promise<PlacesRead> {
  const hubs = createHubs();
  return async (paths) => {
    const [first] = paths;
    const place = paths.length === 1 && first !== undefined ? parsePlace(first) : undefined;
    if (place?.kind === 'hub') return hubs.read(place.access);
    return { ...(await readConfigFiles(paths)), origins: new Map() };
  };
}

/** Config from wherever it is kept, as texts with what they were read from. */
import { parsePlace } from '../../../core/config/places/place.ts';
import { readConfigFiles } from '../read-files.ts';
import { createRepositories } from './git.ts';
import { createHubs } from './hubs.ts';
import type { PlacesRead } from './places-read.ts';

/** Several paths may be directories and files only. */
export function createPlaces(): (paths: readonly string[]) => Promise<PlacesRead> {
  const hubs = createHubs();
  const repositories = createRepositories();
  return async (paths) => {
    const [first] = paths;
    const place = paths.length === 1 && first !== undefined ? parsePlace(first) : undefined;
    if (place?.kind === 'hub') return hubs.read(place.access);
    if (place?.kind === 'git') return repositories.read(place);
    return { ...(await readConfigFiles(paths)), origins: new Map() };
  };
}

/** What a plan writes into one client's record. */
import type { RecordPatch } from '../../routing/changes.ts';
import type { Plan, PlannedPatch, PlannedWave } from './plan.ts';

interface Addressed extends Pick<Plan, 'routes'> {
  readonly client: string;
}

/** Entries of serving clusters that the client does not call would not stay in its record. */
export function patchFor(patch: PlannedPatch, { client, routes }: Addressed): RecordPatch {
  if (patch.topology === undefined) {
    const own = Object.entries(patch.versions).filter(([serving]) => routes[serving]?.includes(client) === true);
    return { versions: Object.fromEntries(own) };
  }
  const topology = patch.topology[client];
  if (topology === undefined) throw new RangeError(`plan has no topology for ${client}`);
  return { topology };
}

/** The first of the two writes. Of a topology it is the first step's, in which newcomers come with a share of 0. */
export function entryOf({ enter, steps: [first] }: PlannedWave): PlannedPatch & { readonly entering?: true } {
  return first?.topology === undefined ? { versions: enter } : { topology: first.topology, entering: true };
}

/** What a plan writes into one client's record. */
import type { RecordPatch } from '../../routing/changes.ts';
import type { PlannedPatch, PlannedWave } from './plan.ts';

export function patchFor(patch: PlannedPatch, client: string): RecordPatch {
  if (patch.topology === undefined) return { versions: patch.versions };
  const topology = patch.topology[client];
  if (topology === undefined) throw new RangeError(`plan has no topology for ${client}`);
  return { topology };
}

/** The first of the two writes. Of a topology it is the first step's, in which newcomers come with a share of 0. */
export function entryOf({ enter, steps: [first] }: PlannedWave): PlannedPatch & { readonly entering?: true } {
  return first?.topology === undefined ? { versions: enter } : { topology: first.topology, entering: true };
}

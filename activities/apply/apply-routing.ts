/** One forward step in one client cluster: its record's patch, and the objects that follow from it. */
import {
  type ApplyRoutingInput,
  type ApplyRoutingResult,
  partOfPatch,
  withShares,
} from '../../core/routing/changes.ts';
import { claim } from '../claim.ts';
import type { ActivityPort, KubeDeps } from '../ports.ts';
import { statWeights, updateRecord, type RecordAt, type WrittenRecord } from '../record-store.ts';

export async function applyRouting(
  { clusters, clock, activity }: KubeDeps,
  input: ApplyRoutingInput,
): Promise<ApplyRoutingResult> {
  const cluster = await clusters.connect(input);
  const written = await writeRouting({ cluster, service: input.service }, { input, activity });
  const by = activity.runId();
  const end = { cluster: cluster.name, writtenAtMs: clock.nowMs(), ...(by !== null && { by }) };
  if (written === null) return { ...end, changes: [], weights: {} };
  return { ...end, changes: written.changes, weights: statWeights(written.record) };
}

export const writeRouting = (
  at: RecordAt,
  { input, activity }: { readonly input: ApplyRoutingInput; readonly activity: ActivityPort },
): Promise<WrittenRecord | null> =>
  updateRecord(at, async ({ record, redirected }) => {
    const part = partOfPatch(input);
    return {
      record: withShares(record, await claim(activity, record, { input, over: 'formerSelf', part })),
      // Whether calls go through Envoy is the versions' to say.
      redirect: part === 'versions' ? (input.redirect ?? true) : redirected,
    };
  });

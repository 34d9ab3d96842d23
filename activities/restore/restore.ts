/**
 * The way back in one client cluster, from its own record alone: no readiness, no other cluster, no config is asked.
 * Repeating it is harmless, and a run that a newer one has overtaken is refused.
 */
import type { RestoreInput, RestoreResult } from '../../core/contract/activities.ts';
import type { DesiredRecord } from '../../core/render/checked.ts';
import { withAbsent } from '../../core/routing/absence.ts';
import { assertEpoch, restored } from '../../core/routing/changes.ts';
import { partOf } from '../../core/routing/part.ts';
import { claim } from '../claim.ts';
import type { KubeDeps } from '../ports.ts';
import { statWeights, updateRecord, type FoundRecord } from '../record-store.ts';

export async function restore({ clusters, clock, activity }: KubeDeps, input: RestoreInput): Promise<RestoreResult> {
  const cluster = await clusters.connect(input);
  const written = await updateRecord({ cluster, service: input.service }, async (found) =>
    wantedBack(found, await claim(activity, found.record, { input, over: 'anyFormerRun', part: partOf(input) })),
  );
  const proven = written?.record.versions.proven ?? null;
  // Nothing proven, or no record at all: calls go past Envoy, so there is nothing that Envoy's counts could prove.
  const weights = written === null || proven === null ? {} : statWeights(written.record);
  const withdrawn = Object.keys(weights).filter((name) => weights[name] === 0);
  const by = activity.runId();
  const end = { cluster: cluster.name, writtenAtMs: clock.nowMs(), ...(by !== null && { by }) };
  return { ...end, changes: written?.changes ?? [], weights, withdrawn };
}

function wantedBack({ record, redirected }: FoundRecord, input: RestoreInput): DesiredRecord | null {
  if (record === null) return null;
  assertEpoch(record, partOf(input), input);
  const { proven, current } = record.versions;
  // Taken back already; rendering it anew would take the routes from connections that still drain.
  if (proven === null && current === null && !redirected) return null;
  const back = withAbsent(restored(record, input), input.absent, input.part);
  if (back.versions.proven !== null) return { record: back, redirect: true, routeAnyway: true };
  // An adoption is taken back: the redirect goes, but connections that Envoy holds keep their routes and pods until
  // retireVersion has let them drain.
  return { record: back, redirect: false, routeAnyway: true, ...(current === null ? {} : { routesOf: record }) };
}

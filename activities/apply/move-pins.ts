/**
 * The last step of a wave (of an undo the first): callers past Envoy get the version in its clusters, too. What they get
 * after a restore stays as the record says, until the commit.
 */
import type { MovePinsInput, MovePinsResult } from '../../core/contract/activities.ts';
import { assertEpoch } from '../../core/routing/changes.ts';
import { TidegateError } from '../../core/values/error.ts';
import { allEnded } from '../all-ended.ts';
import { claim } from '../claim.ts';
import type { KubeDeps } from '../ports.ts';
import { findRecord, refuseLost, whereIs, type RecordAt } from '../record-store.ts';
import { assertReady, pinFrontend } from './pins/frontend-pin.ts';

/** All clusters are looked at before the first of them is written. Repeating it is harmless. */
export async function movePins(deps: KubeDeps, input: MovePinsInput): Promise<MovePinsResult> {
  const { service, version } = input;
  const all = await Promise.all(
    input.clusters.map(async (cluster): Promise<RecordAt> => {
      const at = { cluster: await deps.clusters.connect({ service, cluster }), service };
      await assertOurs(deps, at, input);
      await assertReady(at, version);
      return at;
    }),
  );
  await allEnded(
    all.map(async (at) => {
      // Since the look at the others, which may have been slow.
      await assertOurs(deps, at, input);
      await pinFrontend(at, version);
    }),
  );
  const by = deps.activity.runId();
  return { pinnedAtMs: deps.clock.nowMs(), ...(by !== null && { by }) };
}

/** Only the run that has the versions in its hands moves a pin. */
async function assertOurs({ activity }: KubeDeps, at: RecordAt, input: MovePinsInput): Promise<void> {
  const { record } = await findRecord(at);
  if (record === null) refuseLost(at);
  assertEpoch(record, 'versions', await claim(activity, record, { input, over: 'formerSelf', part: 'versions' }));
  const known = record.versions.current?.[record.cluster] ?? {};
  if (Object.hasOwn(known, input.version)) return;
  throw new TidegateError(
    'Conflict',
    `${whereIs(at)}: the record knows no ${input.version}: somebody has taken it out`,
    {
      fix: 'nothing was pinned; start again',
    },
  );
}

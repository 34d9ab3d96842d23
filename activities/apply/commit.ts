/** current becomes proven in one client cluster, and its frontend is pinned to the version that has won. */
import type { CommitInput } from '../../core/contract/activities.ts';
import type { ObjectChange } from '../../core/kube/object-change.ts';
import { withAbsent } from '../../core/routing/absence.ts';
import { committed } from '../../core/routing/committed.ts';
import { partOf } from '../../core/routing/part.ts';
import type { RoutingRecord } from '../../core/routing/record.ts';
import { mainVersion } from '../../core/routing/weights.ts';
import { TidegateError } from '../../core/values/error.ts';
import { claim } from '../claim.ts';
import type { KubeDeps } from '../ports.ts';
import { refuseLost, updateRecord } from '../record-store.ts';
import { adoptAutoscaler } from './capacity/autoscalers.ts';
import { assertReady, pinFrontend } from './pins/frontend-pin.ts';
import { markDue } from './warm-time.ts';

/**
 * Nothing can be undone while it lasts, so credentials that are refused for a while (they expired, roles are written
 * anew) end it no sooner than any other outage: it is tried again until its time is up.
 */
export async function commit(deps: KubeDeps, input: CommitInput): Promise<readonly ObjectChange[]> {
  try {
    return await commitOnce(deps, input);
  } catch (error) {
    if (!(error instanceof TidegateError) || error.code !== 'Forbidden') throw error;
    throw new TidegateError('Unavailable', error.message, { fix: error.fix, cause: error });
  }
}

/** Killed after the record and before the pin: the record says where a restore goes to, and the next attempt pins. */
async function commitOnce(
  { clusters, activity, clock }: KubeDeps,
  input: CommitInput,
): Promise<readonly ObjectChange[]> {
  const at = { cluster: await clusters.connect(input), service: input.service };
  if (input.pin !== '') await assertReady(at, input.pin);
  // A cluster that only serves has no record: nothing starts there.
  const written = await updateRecord(at, async ({ record, redirected }) => {
    if (record === null && input.routed === true) refuseLost(at);
    if (record === null) return null;
    const by = await claim(activity, record, { input, over: 'formerSelf', part: partOf(input) });
    return { record: withAbsent(committed(record, by), input.absent, input.part), redirect: redirected };
  });
  const changes = [...(written?.changes ?? [])];
  const left = written === null || partOf(input) !== 'versions' ? '' : replacedIn(written.record, input.serving);
  if (left !== '' && input.warmMs !== undefined)
    changes.push(...(await markDue(at, left, clock.nowMs() + input.warmMs)));
  if (input.pin === '') return changes;
  return [...changes, ...(await pinFrontend(at, input.pin)), ...(await adoptAutoscaler(at, input.pin))];
}

/** The version that has just been replaced in the record's own cluster; '' = none. */
function replacedIn({ cluster, versions }: RoutingRecord, serving: readonly string[]): string {
  const before = versions.previous[cluster] ?? '';
  return serving.includes(cluster) && before !== mainVersion(versions.proven?.[cluster]) ? before : '';
}

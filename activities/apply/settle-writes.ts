/** What the settler writes itself: no record and no route, so that it can never disturb a run. */
import type { FreeAutoscalersInput, KeepWarmInput, PinVersionInput } from '../../core/contract/activities.ts';
import type { ObjectChange } from '../../core/kube/object-change.ts';
import { pinOf } from '../../core/routing/changes.ts';
import type { KubeDeps } from '../ports.ts';
import { findRecord } from '../record-store.ts';
import { adoptAutoscaler, releaseAutoscalers } from './autoscalers.ts';
import { assertReady, pinFrontend } from './frontend-pin.ts';
import { markDue } from './warm-time.ts';

export const freeAutoscalers = async (
  { clusters }: KubeDeps,
  { service, cluster, version }: FreeAutoscalersInput,
): Promise<readonly ObjectChange[]> =>
  releaseAutoscalers({ cluster: await clusters.connect({ service, cluster }), service }, version);

export const keepWarm = async (
  { clusters }: KubeDeps,
  { service, cluster, version, dueMs }: KeepWarmInput,
): Promise<readonly ObjectChange[]> =>
  markDue({ cluster: await clusters.connect({ service, cluster }), service }, version, dueMs);

/** By the record as it is now: a run may have begun since somebody looked. */
export async function pinVersion(
  { clusters }: KubeDeps,
  { service, cluster }: PinVersionInput,
): Promise<readonly ObjectChange[]> {
  const at = { cluster: await clusters.connect({ service, cluster }), service };
  const version = pinOf((await findRecord(at)).record);
  if (version === '') return [];
  await assertReady(at, version);
  // A commit that ended before it came to this: the version scales as the one that it replaced did.
  return [await pinFrontend(at, version), ...(await adoptAutoscaler(at, version))];
}

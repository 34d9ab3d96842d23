/**
 * Both versions have the pods for the next share, and for the way back from it. A way back waits for nothing: what it needs
 * is made ready before, as the traffic is now and not as it was when the run began. Nothing is made smaller.
 */
import type { KeepCapacityInput, KeepCapacityResult } from '../../../core/contract/activities.ts';
import type { KubeDeps } from '../../ports.ts';
import type { RecordAt } from '../../record-store.ts';
import { ofVersion, readFrontend, readWorkloads } from '../workloads.ts';
import { raiseCapacity, type WantedPods } from './raise-capacity.ts';
import { untilReady } from './until-ready.ts';

export async function keepCapacity(deps: KubeDeps, input: KeepCapacityInput): Promise<KeepCapacityResult> {
  const at = { cluster: await deps.clusters.connect(input), service: input.service };
  const { version, replaces, forShare, workload } = input;
  const wanted = await raiseCapacity(at, { version, replaces, forShare, isExternal: workload === 'external' });
  const ready = await Promise.all(wanted.map((one) => waitFor(deps, { at, input, ...one })));
  return { pods: Object.fromEntries(ready) };
}

interface WaitedFor extends WantedPods {
  readonly at: RecordAt;
  readonly input: KeepCapacityInput;
}

async function waitFor(
  deps: KubeDeps,
  { at, input, version, pods, isOurs }: WaitedFor,
): Promise<readonly [string, number]> {
  const found = await untilReady(deps, {
    ...{ at, of: 'keepCapacity', version, pods },
    progressDeadlineMs: input.progressDeadlineMs,
    find: async () => ofVersion(at, await readWorkloads(at, await readFrontend(at)), version),
    missing: `there is no Deployment of ${version}`,
    isOurs,
    otherwise: 'It gets no larger share than it has',
  });
  return [version, found.status?.readyReplicas ?? 0];
}

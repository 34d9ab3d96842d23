/** Pods for each share and for the way back from it: asked for before a step, and kept while traffic grows. */
import { isCancellation, log } from '@temporalio/workflow';
import { madeIn } from '../../core/rollout/plan/adopted.ts';
import { keepsCapacity } from '../../core/rollout/plan/capacity.ts';
import type { PlannedWave } from '../../core/rollout/plan/plan.ts';
import { formatShare } from '../../core/values/share.ts';
import { writeEach } from './many-clusters.ts';
import { activitiesOf, refOf, track, type RunContext } from './run-context.ts';

/** The world may be another one than when the version was made ready: a night later, traffic needs five times the pods. */
export async function keepCapacity(context: RunContext, wave: PlannedWave, share: number): Promise<void> {
  const { plan } = context;
  const { capacity } = plan;
  if (capacity === undefined) return;
  const inputs = madeIn(plan, wave).map((cluster) => ({
    service: plan.service,
    cluster: refOf(context, cluster),
    version: plan.version,
    replaces: plan.replaces[cluster] ?? '',
    workload: plan.workload,
    forShare: { mode: capacity.mode, share },
    progressDeadlineMs: plan.progressDeadlineMs,
  }));
  const summary = `pods for ${formatShare(share)}, and for the way back`;
  // Nothing waits for one cluster alone: one activity, and one billed action, for all of them.
  const atOnce = wave.atOnce ?? (inputs.length > 1 ? inputs.length : undefined);
  await writeEach(context, { write: 'keepCapacity', inputs, atOnce, summary });
}

/**
 * From the first share of a wave on, until forward work is cancelled: a breach in a bake or at a gate goes back onto pods
 * that carry the traffic of then. Should it fail, the run goes on: what is held stays held, and each step asks anew.
 */
export function holdCapacity(context: RunContext, wave: PlannedWave): void {
  const { plan, holding } = context;
  const { capacity, service, version } = plan;
  if (capacity === undefined || !keepsCapacity(plan)) return;
  const of = madeIn(plan, wave).flatMap((cluster) => {
    const replaces = plan.replaces[cluster] ?? '';
    return replaces === '' || holding.has(cluster) ? [] : [{ cluster: refOf(context, cluster), replaces }];
  });
  if (of.length === 0) return;
  for (const { cluster } of of) holding.add(cluster.name);
  const summary = `wave ${wave.name}: pods of both versions rise with the traffic`;
  const activities = activitiesOf(context, 'holdCapacity', summary);
  const work = context.forward.run(() => activities.holdCapacity({ service, version, mode: capacity.mode, of }));
  track(
    context,
    work.catch((error: unknown) => {
      for (const { cluster } of of) holding.delete(cluster.name);
      if (!isCancellation(error)) log.warn('capacity does not rise with the traffic until the next step', { error });
    }),
  );
}

/** Freeze windows of a start: when its steps may go, or why the windows hold nothing of it. */
import { proxyActivities } from '@temporalio/workflow';
import type { LoadedConfig } from '../core/config/types.ts';
import type { RolloutActivities } from '../core/contract/activities.ts';
import type { StartRolloutInput } from '../core/contract/messages.ts';
import { isWayBack } from '../core/rollout/change.ts';
import type { Plan } from '../core/rollout/plan/plan.ts';
import { windowText } from '../core/rollout/windows.ts';
import { activityOptions, noPlan } from './activity-options.ts';
import { installation } from './installation.ts';

const { readWindows } = proxyActivities<RolloutActivities>({
  ...activityOptions(noPlan, installation()).readWindows,
  summary: 'when is a freeze window closed?',
});

/** A way back is held by none. */
export async function withWindows(
  plan: Plan,
  { breakGlass, by = 'somebody' }: Pick<StartRolloutInput, 'breakGlass' | 'by'>,
  { windowed }: Pick<LoadedConfig, 'windowed'>,
): Promise<Plan> {
  if (isWayBack(plan.kind) || windowed === undefined) return plan;
  if (breakGlass !== undefined) {
    const broken = { reason: breakGlass, by: { name: by, how: 'claimed' as const } };
    return { ...plan, breakGlass: broken, notes: [...plan.notes, `freeze windows hold nothing of it: ${breakGlass}`] };
  }
  const windows = await readWindows({ service: plan.service });
  return { ...plan, windows, notes: [...plan.notes, `freeze windows: ${windowText(windows, Date.now())}`] };
}

/** '' = it may be said; else what is wrong with it. */
export function refuseGlass({ breakGlass, onConflict = 'reject' }: StartRolloutInput): string {
  if (breakGlass === undefined) return '';
  if (typeof breakGlass !== 'string' || breakGlass.trim() === '') return '"breakGlass" is the reason, in words';
  return onConflict === 'reject' ? '' : '"breakGlass" is for a start at once: leave "onConflict" out';
}

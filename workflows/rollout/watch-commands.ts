/** One watch at a time, over everything that has moved; a new one replaces the old. */
import { CancellationScope } from '@temporalio/workflow';
import type { WatchSloInput, WatchSloResult } from '../../core/judge/look/watch.ts';
import type { RolloutState } from '../../core/rollout/machine/state.ts';
import { strataOf } from '../../core/rollout/plan/strata.ts';
import { activitiesOf, heardAs, start, type Handlers, type RunContext } from './run-context.ts';
import { present } from '../../core/values/json.ts';

export function watchCommands(context: RunContext, state: () => RolloutState): Handlers<'watch' | 'stopWatch'> {
  let running: CancellationScope | null = null;
  let evidence: WatchSloResult['evidence'];
  const stop = (): void => {
    running?.cancel();
    running = null;
  };
  return {
    stopWatch: stop,
    watch: ({ seq, mode, bakeMs }) => {
      stop();
      const { plan, sinceMs } = context;
      const { shares, wave, step } = state();
      if (plan.metrics === null) return;
      running = new CancellationScope();
      const summary = mode === 'bake' ? `bake wave ${wave + 1} step ${step + 1}` : 'hold: watch what has moved';
      // One that was replaced ends by cancellation: the state machine ignores its number.
      start(context, running, seq, async () => {
        const watching: WatchSloInput = {
          ...(context.ranAs !== '' && { run: context.ranAs }),
          service: plan.service,
          strata: strataOf(plan, { shares, wave }, sinceMs),
          slos: plan.slos,
          judge: plan.judge,
          warmUpMs: plan.warmUpMs,
          mode,
          bakeMs,
          maxUnknownMs: plan.maxUnknownMs,
          clusters: new Set(plan.waves.flatMap((one) => one.serving)).size,
          ...present({ evidence }),
        };
        const { watchSlo } = activitiesOf(context, 'watchSlo', summary);
        let result = await watchSlo(watching);
        if (result.resetTo !== undefined) {
          heardAs(context, result.resetTo);
          result = await watchSlo({ ...watching, run: result.resetTo });
        }
        evidence = result.evidence;
        context.emit({ type: 'watched', seq, result });
      });
    },
  };
}

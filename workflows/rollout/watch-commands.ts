/** One watch at a time, over everything that has moved; a new one replaces the old. */
import { CancellationScope } from '@temporalio/workflow';
import { watchTerms, type WatchTerms } from '../../core/rollout/watch-terms.ts';
import type { WatchSloInput, WatchSloResult } from '../../core/judge/look/watch.ts';
import type { RolloutState } from '../../core/rollout/machine/state.ts';
import { strataOf } from '../../core/rollout/plan/strata.ts';
import { activitiesOf, heardAs, start, type Handlers, type RunContext } from './run-context.ts';
import { present } from '../../core/values/json.ts';

/** A look that takes long is waited for when the window is over, ms. */
const WINDOW_ENDS_WITHIN_MS = 3 * 60_000;

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
      const begunAtMs = Date.now();
      // One that was replaced ends by cancellation: the state machine ignores its number.
      start(context, running, seq, async () => {
        const strata = strataOf(plan, { shares, wave }, sinceMs);
        // What is only being written is as young as can be.
        const writtenAtMs = Math.max(...strata.map((one) => one.sinceMs || begunAtMs));
        const bakedAtMs = Math.max(begunAtMs, writtenAtMs + plan.warmUpMs) + bakeMs;
        const watching: WatchSloInput = {
          ...(context.ranAs !== '' && { run: context.ranAs }),
          service: plan.service,
          strata,
          slos: plan.slos,
          judge: plan.judge,
          warmUpMs: plan.warmUpMs,
          mode,
          bakeMs,
          maxUnknownMs: plan.maxUnknownMs,
          clusters: new Set(plan.waves.flatMap((one) => one.serving)).size,
          ...present({ evidence }),
        };
        const ask = (input: WatchSloInput, nowMs = Date.now()): Promise<WatchSloResult> => {
          const terms = watchTerms({ mode, nowMs, writtenAtMs, bakedAtMs });
          return watchOn(context, summary, { input, terms });
        };
        let result = await ask(watching);
        if (result.resetTo !== undefined) {
          heardAs(context, result.resetTo);
          result = await ask({ ...watching, run: result.resetTo });
        }
        // By the clock that found the share old: ours may be behind it.
        while (result.carried !== undefined)
          result = await ask({ ...watching, carried: result.carried }, Math.max(Date.now(), result.decidedAtMs));
        evidence = result.evidence;
        context.emit({ type: 'watched', seq, result });
      });
    },
  };
}

interface Watching {
  readonly input: WatchSloInput;
  readonly terms: WatchTerms;
}

/** One activity of a watch: its options are fixed when it is scheduled, so other terms are another activity. */
function watchOn(context: RunContext, summary: string, { input, terms }: Watching): Promise<WatchSloResult> {
  const { heartbeatTimeoutMs, windowMs, handOverAtMs } = terms;
  const bounds = { heartbeatTimeout: heartbeatTimeoutMs, startToCloseTimeout: windowMs + WINDOW_ENDS_WITHIN_MS };
  const { watchSlo } = activitiesOf(context, 'watchSlo', summary, bounds);
  return watchSlo({ ...input, windowMs, ...(handOverAtMs !== null && { handOverAtMs }) });
}

/**
 * holdCapacity: while a version has a share, what both versions are held at rises with the traffic, as long bakes and gates
 * go on. It raises what a step has had held, and nothing else: what the commit gives back stays given back.
 */
import type { HoldCapacityInput } from '../../core/contract/activities.ts';
import { capacityTerms, watchBeatMs } from '../../core/rollout/watch-terms.ts';
import { TidegateError } from '../../core/values/error.ts';
import { raiseCapacity } from '../apply/capacity/raise-capacity.ts';
import type { KubeDeps, ObserveDeps } from '../ports.ts';

/** Between two looks, ms: as often as autoscalers look themselves. */
const LOOK_MS = 15_000;
/** Between two beats that nobody asked for, ms: each is billed. */
const BEAT_MS = watchBeatMs(capacityTerms.heartbeatTimeoutMs);

export type HoldDeps = KubeDeps & Pick<ObserveDeps, 'isWanted' | 'attemptMs'>;

/** Ends by cancellation only; an attempt ends before it, and the next one goes on. */
export async function holdCapacity(deps: HoldDeps, input: HoldCapacityInput): Promise<void> {
  const { clock, activity, isWanted, attemptMs = capacityTerms.windowMs } = deps;
  const endsAtMs = clock.nowMs() + attemptMs;
  let [beatAtMs, said] = [clock.nowMs(), ''];
  const beat = (): void => {
    beatAtMs = clock.nowMs();
    activity.heartbeat({ unanswered: said });
  };
  for (;;) {
    // Cancellation comes with the answer of a heartbeat.
    const isOpen = isWanted === undefined || (await isWanted());
    const unanswered = isOpen ? await raiseAll(deps, input) : said;
    const isNews = unanswered !== said;
    said = unanswered;
    if (!isOpen || isNews || clock.nowMs() - beatAtMs >= BEAT_MS) beat();
    if (clock.nowMs() >= endsAtMs) throw windowEnd();
    await clock.sleep(LOOK_MS, activity.signal());
  }
}

/** What did not answer is told, and asked again at the next look; a step that needs it fails by itself. '' = all did. */
async function raiseAll({ clusters, activity }: HoldDeps, { of, ...input }: HoldCapacityInput): Promise<string> {
  const failures = await Promise.all(
    of.map(async ({ cluster: ref, replaces }) => {
      try {
        activity.signal().throwIfAborted();
        const { service, version, mode } = input;
        const cluster = await clusters.connect({ service, cluster: ref });
        // By share the new version's next share is the next step's to ask for; its own autoscaler grows it meanwhile.
        const forShare = mode === 'full' ? { forShare: { mode, share: 0 } } : {};
        await raiseCapacity({ cluster, service }, { version, replaces, onlyHeld: true, ...forShare });
        return '';
      } catch (error) {
        if (error instanceof TidegateError) return error.message;
        throw error;
      }
    }),
  );
  return failures.filter((text) => text !== '').join('; ');
}

/** Retryable and benign: waiting adds no history events. */
const windowEnd = (): TidegateError =>
  new TidegateError('WindowEnd', 'this attempt to keep the capacity is over, the next one goes on', {
    retryAfterMs: 1_000,
  });

/**
 * settle: makes true of a service what must be true when no run owns it (core/rollout/settled.ts), however its last run
 * ended. It reads everything anew at each look, so two wakes are as good as one.
 * Guarantees: it never looks past a run that is open, and writes no share itself: what is half moved is put back by a
 * rollout of kind restore, under the lock of its part. What is paused, fought over or to be asked about stays as it is. A cluster that cannot be reached is waited for without
 * limit, and nobody else waits for it, except a retirement. A run that goes forward cancels it first; the run's guard
 * starts it again.
 * Timers: until the next due time, or the next look at what could not be done yet. Messages: signal wake (look now); query status.
 */
import {
  allHandlersFinished,
  condition,
  continueAsNew,
  ContinueAsNew,
  defineQuery,
  defineSignal,
  isCancellation,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { messageNames, type SettleInput, type SettleResult, type SettleStatus } from '../core/contract/messages.ts';
import { settlerEnded } from '../core/rollout/outcome.ts';
import { settleDetails } from '../core/view/settle-details.ts';
import { toWorkflowFailure } from './failures.ts';
import { hearersOfEnd, tellEnd } from './run-ended.ts';
import { searchAttributes } from './search-attributes.ts';
import { createSettler, type Settler } from './settle/settler.ts';

const wake = defineSignal(messageNames.wake);
const status = defineQuery<SettleStatus>(messageNames.status);

/** Replay gets slow, and the server suggests a new run, at 4 096. */
const EVENTS = 3_500;

export async function settle(input: SettleInput): Promise<SettleResult> {
  const settler = createSettler(input);
  let wakes = 0;
  setHandler(wake, () => void (wakes += 1));
  setHandler(status, () => settler.status());
  try {
    for (;;) {
      const heard = wakes;
      const before = settler.status().phase;
      const waitMs = await settler.look();
      show(input, settler, before);
      if (waitMs === null && wakes === heard) break;
      if (workflowInfo().historyLength > EVENTS)
        await continueAsNew<typeof settle>({ ...input, known: settler.known(), carried: settler.memory() });
      if (waitMs !== null && waitMs > 0) await condition(() => wakes > heard, waitMs);
      if (wakes > heard) settler.woken();
    }
    await condition(allHandlersFinished);
    await tellEnd(
      settlerEnded(input.service, endOf(settler.status())),
      hearersOfEnd(input.service, settler.known()?.sinks),
    );
    return settler.status();
  } catch (error) {
    const failure = toWorkflowFailure(error);
    if (!(failure instanceof ContinueAsNew))
      await tellEnd(
        settlerEnded(input.service, {
          outcome: isCancellation(failure) ? 'cancelled' : 'failed',
          reason: failure.message,
        }),
        hearersOfEnd(input.service, settler.known()?.sinks),
      );
    throw failure;
  }
}

/** It has nothing to do, or is not to do it. */
const endOf = ({ phase, reason }: SettleStatus): Parameters<typeof settlerEnded>[1] => ({
  outcome: phase === 'owned' || phase === 'paused' ? phase : 'settled',
  reason,
});

function show({ service }: SettleInput, settler: Settler, before: SettleStatus['phase']): void {
  const now = settler.status();
  setCurrentDetails(settleDetails(service, now));
  // An attribute costs an action each time: only what a list of services must show is one.
  if ((now.phase === 'needs-person') === (before === 'needs-person')) return;
  upsertSearchAttributes([
    { key: searchAttributes.service, value: `${service.namespace}/${service.service}` },
    { key: searchAttributes.state, value: now.phase },
  ]);
}

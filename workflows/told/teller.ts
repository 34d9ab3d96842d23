/** What a run tells its sinks. Without sinks it does nothing, so that the histories of older plans go as they began. */
import { log, workflowInfo } from '@temporalio/workflow';
import type { CloudEvent } from '../../core/events/cloud-event.ts';
import { movedBy } from '../../core/events/out/moved.ts';
import { newsOf, runEvent } from '../../core/events/out/of-run.ts';
import { bugEnded, rolloutEnded, type Ended } from '../../core/rollout/outcome.ts';
import type { RolloutState } from '../../core/rollout/machine/state.ts';
import type { Plan } from '../../core/rollout/plan/plan.ts';
import { tellEnd, type EndHearers } from '../run-ended.ts';
import { partOf } from '../../core/routing/part.ts';
import { delivererOf } from './deliverer.ts';
import { send } from './send.ts';
import { traceparent } from './trace.ts';

export interface Teller {
  /** A transition has happened. Never throws. */
  saw(before: RolloutState, after: RolloutState, atMs: number): void;
  /** Hands over what there is, all at once; the run does not wait for it. */
  flush(): void;
  /** The run has come to its outcome. Resolves once Temporal has all that was told. */
  ended(state: RolloutState): Promise<void>;
  /** A fault of the program has ended it; nothing where the end was told before. */
  failed(reason: string): Promise<void>;
}

export function createTeller(plan: Plan): Teller {
  const outbox = plan.sinks === undefined ? null : createOutbox(plan, plan.sinks);
  let hasEnded = false;
  const end = async (ended: Ended, hearers: Omit<EndHearers, 'send' | 'traceparent'>): Promise<void> => {
    hasEnded = true;
    const heard = outbox && { ...hearers, send: outbox.sendLast, traceparent: traceparent() };
    await tellEnd(ended, heard === null ? {} : { hearers: heard });
  };
  return {
    saw: (before, after, atMs) => outbox?.saw(before, after, atMs),
    flush: () => outbox?.flush(),
    ended: (state) => end(rolloutEnded(plan, state), { moved: movedBy(plan, state) }),
    failed: async (reason) => {
      if (!hasEnded) await end(bugEnded(plan, reason), { moved: [] });
    },
  };
}

function createOutbox(plan: Plan, sinks: readonly string[]) {
  const to = delivererOf({ ...plan, part: partOf(plan) }, sinks);
  const waiting: CloudEvent[] = [];
  let count = 0;
  let begun = false;
  let sending: Promise<void> | null = null;
  const hand = async (last: boolean): Promise<void> => {
    const events = waiting.splice(0);
    const wasBegun = begun;
    begun = true;
    await send(to, { events, last }, { begun: wasBegun });
  };
  const flush = (): void => {
    if (sending !== null || waiting.length === 0) return;
    sending = hand(false).finally(() => {
      sending = null;
      flush();
    });
  };
  return {
    flush,
    saw: (before: RolloutState, after: RolloutState, atMs: number): void => {
      try {
        const { workflowId, runId } = workflowInfo();
        for (const kind of newsOf(plan, { before, after })) {
          count += 1;
          const at = { workflowId, runId, traceparent: traceparent(), count, atMs };
          waiting.push(runEvent(plan, kind, { before, after, ...at }));
        }
      } catch (error) {
        // It must never freeze a run that is half moved.
        log.warn('news of the run are left out', { error });
      }
    },
    sendLast: async (event: CloudEvent): Promise<void> => {
      while (sending !== null) await sending;
      waiting.push(event);
      await hand(true);
    },
  };
}

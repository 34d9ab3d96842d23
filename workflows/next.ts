/**
 * next: holds the one change of a part that waits for its turn. A newer one takes its place. When no run of the part is open
 * and nothing of the service is half moved, it starts the change through `startRollout`, which plans it as things are then.
 * How it learns of an end: it never waits for one run. Whatever closes a run cancels its guard, and the guard wakes this
 * workflow, after the settler; then it looks by itself. What a run that died has left half moved makes the start be
 * refused (HalfMoved): the change waits on, the settler restores by a run of this part, and the guard of that one wakes it
 * again. So a run that is terminated, deleted, reset or replaced by another is no case of its own. A guard that was lost
 * costs ten minutes: it looks that often by itself.
 * Guarantees: it writes to no cluster, and aborts a run only for a change that supersedes it, never a way back, and never
 * one that commits or goes back already. A refusal is the end of the change, and is kept with its words. Who terminates it
 * drops what waits, and changes nothing else.
 * Timers: until the next look. Messages: signals queue (a newer change), wake (look now); update drop; query status.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  setCurrentDetails,
  setHandler,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { messageNames, type NextInput, type NextResult, type ReasonInput } from '../core/contract/messages.ts';
import { asked, drop, refuseDrop, type WaitingChange, type WaitingStatus } from '../core/rollout/waiting.ts';
import { waitingDetails } from '../core/view/waiting-text.ts';
import { toWorkflowFailure } from './failures.ts';
import { createTurns, type Turns } from './next/turns.ts';
import { searchAttributes } from './search-attributes.ts';

const queueSignal = defineSignal<[WaitingChange]>(messageNames.queue);
const wakeSignal = defineSignal(messageNames.wake);
const dropUpdate = defineUpdate<WaitingStatus, [ReasonInput | undefined]>(messageNames.drop);
const statusQuery = defineQuery<WaitingStatus>(messageNames.status);

/** Replay gets slow, and the server suggests a new run, at 4 096. */
const EVENTS = 3_500;

export async function next(input: NextInput): Promise<NextResult> {
  const { service, part } = input;
  const turns = createTurns(input);
  let news = 0;
  setHandler(queueSignal, (change) => {
    turns.change((waiting) => asked(waiting, change));
    news += 1;
  });
  setHandler(wakeSignal, () => void (news += 1));
  setHandler(statusQuery, () => turns.status());
  const dropped = (message: ReasonInput | undefined): WaitingStatus => {
    const reason = message?.reason ?? 'no reason given';
    turns.change((waiting) => drop(waiting, { reason, atMs: Date.now() }));
    news += 1;
    return turns.status();
  };
  const validator = (_: ReasonInput | undefined): void => {
    const why = refuseDrop(turns.waiting(), service.service, part);
    if (why !== '') throw ApplicationFailure.nonRetryable(why, 'Invalid');
  };
  setHandler(dropUpdate, dropped, { validator });
  try {
    let shown = '';
    while (turns.waiting().waits !== null) {
      const heard = news;
      shown = show(input, turns, shown);
      const waitMs = await turns.look();
      shown = show(input, turns, shown);
      const { historyLength } = workflowInfo();
      if (historyLength > EVENTS) await continueAsNew<typeof next>({ service, part, waiting: turns.waiting() });
      if (waitMs > 0 && turns.waiting().waits !== null) await condition(() => news > heard, waitMs);
    }
    show(input, turns, shown);
    // The answer to a drop goes out before the workflow closes.
    if (turns.waiting().ended.at(-1)?.end === 'dropped') await sleep(1, { summary: 'the answer goes out first' });
    await condition(allHandlersFinished);
    return turns.status();
  } catch (error) {
    throw toWorkflowFailure(error);
  }
}

/** Answers with the id of the change that is shown: an attribute costs an action each time. */
function show({ service, part }: NextInput, turns: Turns, shown: string): string {
  const status = turns.status();
  setCurrentDetails(waitingDetails(service.service, status));
  const { waits } = status;
  if (waits === null || waits.id === shown) return shown;
  const version = 'version' in waits.change ? (waits.change.version ?? '') : `the ${part}`;
  upsertSearchAttributes([
    { key: searchAttributes.service, value: status.service },
    { key: searchAttributes.version, value: version },
    { key: searchAttributes.state, value: 'waiting' },
  ]);
  return waits.id;
}

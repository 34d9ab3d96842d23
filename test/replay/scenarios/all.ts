/** Every scenario that is recorded. A new message, workflow, outcome or `patched` change gets one here. */
import { drains } from './drains.ts';
import { ends } from './ends.ts';
import { events } from './events.ts';
import { lost } from './lost.ts';
import { many } from './many.ts';
import { messages } from './messages.ts';
import { settling } from './settling.ts';
import type { Scenario } from './stage.ts';
import { starts } from './starts.ts';
import { waysBack } from './ways-back.ts';
import { windows } from './windows.ts';

export const scenarios: readonly Scenario[] = [
  ...ends,
  ...messages,
  ...waysBack,
  ...starts,
  ...settling,
  ...many,
  ...windows,
  ...events,
  ...drains,
  ...lost,
];

/** `tidegate events tail`: what became of the events that came in; refused ones too. */
import type { Client } from '@temporalio/client';
import { instantText } from '../../core/values/instant.ts';
import { readHandledEvents, type HandledEvent } from '../../platform/temporal/handled-events.ts';
import { exitCodes, type Io } from '../io.ts';

export interface TailOptions {
  readonly follow?: boolean;
  readonly limit: string;
}

/** Temporal's list knows of a workflow about a second after it has begun, ms. */
const LOOK_MS = 1_000;
const DAY_MS = 86_400_000;

export async function tailEvents(
  client: Client,
  options: TailOptions,
  io: Io & { installation: string },
): Promise<number> {
  const most = Math.max(1, Number(options.limit) || 0);
  const told = new Map<string, string>();
  let sinceMs = io.now() - 30 * DAY_MS;
  for (;;) {
    const events = await readHandledEvents(client, { installation: io.installation, sinceMs, most });
    for (const event of events.toReversed()) {
      if (told.get(event.runId) === event.outcome) continue;
      told.set(event.runId, event.outcome);
      io.stdout(`${lineOf(event)}\n`);
    }
    if (events.length === 0 && told.size === 0 && options.follow !== true) io.stderr('no event was handled\n');
    if (options.follow !== true || io.signal.aborted) return exitCodes.ok;
    // What began in the last day may still change.
    sinceMs = io.now() - DAY_MS;
    await io.sleep(LOOK_MS);
  }
}

function lineOf({ startedAtMs, event, outcome, reason, workflowId }: HandledEvent): string {
  const what =
    event === null ? workflowId : `${event.service}  ${event.type} of ${event.sender}, trigger ${event.trigger}`;
  return `${instantText(startedAtMs)}  ${outcome.padEnd(8)}  ${what}${reason === '' ? '' : `: ${reason}`}`;
}

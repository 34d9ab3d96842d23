/** Leave for a step forward: freeze windows and the gates of steps. No failure of theirs leads to the way back. */
import { CancellationScope, isCancellation, sleep } from '@temporalio/workflow';
import { stepAt } from '../../core/rollout/plan/planned-at.ts';
import { instantText } from '../../core/rollout/windows.ts';
import { formatShare } from '../../core/values/share.ts';
import { describeFailure } from '../failures.ts';
import { activitiesOf, start, waveOf, type Handlers, type Message, type RunContext } from './run-context.ts';

/** A gate is refused by its last attempt itself, which may come some minutes after its time, ms. */
const LAST_ATTEMPT_MS = 10 * 60_000;

export interface LeaveCommands extends Handlers<'readWindows' | 'askGate'> {
  /** Another command has taken the place of the question. */
  readonly stopAsking: () => void;
}

export function leaveCommands(context: RunContext): LeaveCommands {
  let running: CancellationScope | null = null;
  const stopAsking = (): void => {
    running?.cancel();
    running = null;
  };
  /** One question at a time. What goes wrong is an answer, too: that nobody knows. */
  const ask = (seq: number, work: () => Promise<Message>, unknown: (reason: string) => Message): void => {
    stopAsking();
    running = new CancellationScope();
    start(context, running, seq, async () => {
      try {
        context.emit(await work());
      } catch (error) {
        if (isCancellation(error)) throw error;
        context.emit(unknown(describeFailure(error).message));
      }
    });
  };
  return {
    stopAsking,
    readWindows: ({ seq, afterMs }) =>
      ask(
        seq,
        async () => {
          const leftMs = afterMs - Date.now();
          const summary = `closed; the windows are read at ${instantText(afterMs)}`;
          // Workflow timers are not for anything shorter than a second.
          if (leftMs > 0) await sleep(Math.max(1_000, leftMs), { summary });
          const { readWindows } = activitiesOf(context, 'readWindows', 'is a freeze window closed?');
          return { type: 'windowsRead', seq, read: await readWindows({ service: context.plan.service }) };
        },
        (reason) => ({ type: 'windowsUnread', seq, reason }),
      ),
    askGate: ({ seq, wave, step }) =>
      ask(
        seq,
        () => askGate(context, { seq, wave, step }),
        (reason) => ({ type: 'gateSaid', seq, go: false, reason }),
      ),
  };
}

async function askGate(
  context: RunContext,
  { seq, wave, step }: { readonly seq: number; readonly wave: number; readonly step: number },
): Promise<Message> {
  const { plan } = context;
  const planned = waveOf(context, wave);
  const { gate, share } = stepAt(planned, step);
  if (gate === undefined) return { type: 'gateSaid', seq, go: true, reason: '' };
  const bounds = { scheduleToCloseTimeout: gate.timeoutMs + LAST_ATTEMPT_MS };
  const { askGate: ask } = activitiesOf(context, 'askGate', `may ${formatShare(share)} go?`, bounds);
  const { kind, version, service } = plan;
  const question = { ...gate, kind, version, clusters: planned.serving, sharePpm: share, wave, step };
  const { go, reason } = await ask({ service, question });
  return { type: 'gateSaid', seq, go, reason };
}

/** Plays a run through the state machine, and collects what it tells. */
import type { CloudEvent } from '../../../../core/events/cloud-event.ts';
import { movedBy } from '../../../../core/events/out/moved.ts';
import { endEvent } from '../../../../core/events/out/of-end.ts';
import { newsOf, runEvent } from '../../../../core/events/out/of-run.ts';
import { next } from '../../../../core/rollout/machine/next.ts';
import {
  initialState,
  type Command,
  type RolloutEvent,
  type RolloutState,
} from '../../../../core/rollout/machine/state.ts';
import { rolloutEnded } from '../../../../core/rollout/outcome.ts';
import type { Plan } from '../../../../core/rollout/plan/plan.ts';
import { proof, watched } from '../../rollout/played.ts';

export const workflowId = 'rollout:default:shop:shop:checkout:versions';
export const runId = '0190f6a0-0000-7000-8000-000000000001';
export const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** What a test says before an answer is given; null: the answer is a good one. */
type Say = (state: RolloutState, command: Command | undefined) => RolloutEvent | null;

/** Until the run ends, or nothing is open any more. */
export function tell(plan: Plan, say: Say = () => null): { events: CloudEvent[]; state: RolloutState } {
  const events: CloudEvent[] = [];
  let state = initialState;
  let open: Command[] = [];
  let count = 0;
  const feed = (event: RolloutEvent): void => {
    const before = state;
    const after = next(plan, state, event);
    state = after.state;
    for (const kind of newsOf(plan, { before, after: state })) {
      count += 1;
      events.push(
        runEvent(plan, kind, { ...{ before, after: state, workflowId, runId, traceparent, count }, atMs: event.atMs }),
      );
    }
    open = [...open, ...after.commands].filter(
      (command) => 'seq' in command && (command.seq === state.awaiting || command.seq === state.watching),
    );
  };
  feed({ type: 'started', atMs: 0 });
  for (let atMs = 1_000; state.outcome === null && atMs < 500_000; atMs += 1_000) {
    const command = open.find((one) => one.type !== 'watch' || one.mode === 'bake') ?? open[0];
    const event = say(state, command) ?? goodAnswer(command, atMs);
    if (event === null) break;
    feed({ ...event, atMs });
  }
  if (state.outcome === null) return { events, state };
  const end = { ...rolloutEnded(plan, state), id: `${workflowId}/${runId}`, startedAtMs: 0, endedAtMs: 600_000 };
  return {
    state,
    events: [...events, endEvent({ end, installation: 'default', traceparent, moved: movedBy(plan, state) })],
  };
}

function goodAnswer(command: Command | undefined, atMs: number): RolloutEvent | null {
  if (command === undefined || !('seq' in command)) return null;
  const { seq } = command;
  switch (command.type) {
    case 'enter':
    case 'verify':
    case 'proveRestore':
      return { type: 'proved', seq, atMs, proof: proof('verified') };
    case 'watch':
      return command.mode === 'bake' ? { type: 'watched', seq, atMs, result: watched('healthy') } : null;
    default:
      return { type: 'done', seq, atMs };
  }
}

export const kinds = (events: readonly CloudEvent[]): string[] =>
  events.map(({ type }) => type.replace('dev.tidegate.rollout.', ''));

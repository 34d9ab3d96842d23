/** The small moves that every transition is made of. */
import type { Plan } from '../plan/plan.ts';
import type { Phase, Command, Next, RolloutState } from './state.ts';

/** Lines kept in the log: enough for 10 waves of 10 steps; the oldest go first. */
const LOG_LINES = 200;

export function logged(state: RolloutState, atMs: number, text: string): RolloutState {
  return { ...state, log: [...state.log.slice(1 - LOG_LINES), { atMs, text }] };
}

export function enterPhase(state: RolloutState, phase: Phase, atMs: number, reason: string): RolloutState {
  return logged({ ...state, phase, reason, since: atMs, awaiting: 0 }, atMs, `${phase}: ${reason}`);
}

/** Issues the one command whose answer the phase waits for. */
export function issue(state: RolloutState, make: (seq: number) => Command): Next {
  const seq = state.lastSeq + 1;
  return { state: { ...state, lastSeq: seq, awaiting: seq }, commands: [make(seq)] };
}

/** Starts a watch over everything that has moved; it replaces the running one. */
export function watch(
  plan: Plan,
  state: RolloutState,
  { mode, bakeMs }: { mode: 'bake' | 'hold'; bakeMs: number },
): Next {
  const seq = state.lastSeq + 1;
  if (plan.metrics === null || !Object.values(state.shares).some((share) => share > 0)) return { state, commands: [] };
  return {
    state: { ...state, lastSeq: seq, watching: seq, watchedWave: state.wave },
    commands: [{ type: 'watch', seq, mode, bakeMs }],
  };
}

/** A watch that ends on a breach only. */
export const hold = (plan: Plan, state: RolloutState): Next => watch(plan, state, { mode: 'hold', bakeMs: 0 });

/** The clusters that are absent, with the reasons; '' for none. */
export function butAbsent({ absent }: RolloutState): string {
  const names = Object.entries(absent).map(([name, { reason }]) => `${name} (${reason})`);
  return names.length === 0
    ? ''
    : `; without ${names.join(', ')}: absent, it may go on with its last route until it is restored`;
}

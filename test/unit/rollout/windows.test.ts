/** What holds a step forward, and what nothing holds: a closed window, a gate, a message of another moment. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { refuseMessage } from '../../../core/rollout/machine/refuse.ts';
import type { RolloutEvent } from '../../../core/rollout/machine/state.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import type { WindowsRead } from '../../../core/rollout/windows.ts';
import { testPlan } from '../../support/plans.ts';
import { alwaysClosed } from './histories/closed.ts';
import { answer, feed, types, world, type World } from './played.ts';

const open: WindowsRead = { closed: [], untilMs: 1_000_000_000 };
const windowed = (plan: Plan = testPlan()): Plan => ({ ...plan, windows: open });

/** Answers the open question about windows; false: none is open. */
function read(plan: Plan, w: World, windows: WindowsRead): boolean {
  const i = w.open.findIndex(({ type }) => type === 'readWindows');
  const [command] = i < 0 ? [] : w.open.splice(i, 1);
  if (command === undefined || !('seq' in command)) return false;
  feed(plan, w, { type: 'windowsRead', seq: command.seq, read: windows, atMs: w.at });
  return true;
}

const go = (plan: Plan, w: World, turns: number): void => {
  for (let i = 0; i < turns && w.state.phase !== 'ended'; i++) if (!read(plan, w, open)) answer(plan, w);
};

const said = (type: 'abort' | 'resume', w: World): RolloutEvent => ({ type, reason: 'x', atMs: w.at });

describe('a closed freeze window', () => {
  it('holds the first write, and the rollout goes on by itself once it is open', () => {
    const plan = windowed();
    const w = world(plan);
    expect(types(w)).toEqual(['readWindows']);
    read(plan, w, { closed: [{ fromMs: 0, untilMs: 5_000, why: 'deny window night (mesh shop)' }], untilMs: 9_000 });
    expect(w.state).toMatchObject({ phase: 'frozen', touchedWaves: 0 });
    expect(w.state.reason).toBe(
      'deny window night (mesh shop): the next window opens at 1970-01-01T00:00:05Z; what has moved is watched',
    );
    expect(w.open).toEqual([{ type: 'readWindows', seq: 2, afterMs: 5_000 }]);
    w.at = 5_000;
    read(plan, w, open);
    expect(w.state.phase).toBe('preparing');
  });

  it('holds each later step while the watch goes on', () => {
    const plan = windowed();
    const w = world(plan);
    for (let i = 0; i < 30 && w.state.phase !== 'baking'; i++) if (!read(plan, w, open)) answer(plan, w);
    expect(w.state.phase).toBe('baking');
    answer(plan, w);
    expect(w.state.phase).toBe('asking');
    read(plan, w, alwaysClosed);
    expect(w.state).toMatchObject({ phase: 'frozen', step: 0 });
    expect(w.open.some((one) => one.type === 'watch' && one.mode === 'hold')).toBe(true);
  });

  it('is not taken for open where nobody could read it', () => {
    const plan = windowed();
    const w = world(plan);
    feed(plan, w, { type: 'windowsUnread', seq: 1, reason: 'the config has 1 problem', atMs: 0 });
    expect(w.state.phase).toBe('frozen');
    expect(w.state.reason).toContain('none is known to be open: the config has 1 problem');
  });

  it('never delays a way back: an abort at any moment goes back in the same transition', () => {
    fc.assert(
      fc.property(fc.nat(60), (turns) => {
        const plan = windowed();
        const w = world(plan);
        go(plan, w, turns);
        read(plan, w, alwaysClosed);
        if (w.state.phase === 'ended' || w.state.phase === 'committing') return;
        feed(plan, w, said('abort', w));
        expect(['restoring', 'ended']).toContain(w.state.phase);
        expect(types(w).slice(types(w).findLastIndex((type) => type === 'stopWatch'))).not.toContain('readWindows');
      }),
      { seed: 7, numRuns: 61 },
    );
  });

  it('holds no undo: its plan names no windows, and nothing is asked', () => {
    const plan = testPlan({ kind: 'undo' });
    expect(types(world(plan))).toEqual(['prepare']);
  });

  it('lets a promotion through that breaks the glass, which the log says with who and why; another one is refused', () => {
    const plan = windowed();
    const w = world(plan);
    read(plan, w, alwaysClosed);
    expect(refuseMessage('promote', w.state)).toContain('promote SERVICE --break-glass REASON');
    const by = { name: 'alice', how: 'oidc' } as const;
    feed(plan, w, { type: 'promote', reason: 'fixes the outage', full: false, breakGlass: true, by, atMs: 1 });
    expect(w.state.phase).toBe('preparing');
    expect(w.state.log.map(({ text }) => text)).toContain(
      'GLASS BROKEN by alice (oidc): fixes the outage; freeze windows hold nothing any more',
    );
    for (let i = 0; i < 60 && w.state.phase !== 'ended'; i++) answer(plan, w);
    expect(w.state.outcome).toBe('promoted');
  });

  it('is looked at anew by a resume: a window may have been taken out of the config', () => {
    const plan = windowed();
    const w = world(plan);
    read(plan, w, alwaysClosed);
    expect(refuseMessage('resume', w.state)).toBe('');
    feed(plan, w, said('resume', w));
    expect(w.open.at(-1)).toMatchObject({ type: 'readWindows', afterMs: 0 });
    expect(w.state.phase).toBe('frozen');
  });
});

describe('the gate of a step', () => {
  const gated = (): Plan => {
    const plan = testPlan();
    const gate = { url: 'https://gate.example.com', timeoutMs: 1_000 };
    return {
      ...plan,
      waves: plan.waves.map((wave) => ({
        ...wave,
        steps: wave.steps.map((step, i) => (i === 1 ? { ...step, gate } : step)),
      })),
    };
  };
  const untilAsked = (): { plan: Plan; w: World; seq: number } => {
    const plan = gated();
    const w = world(plan);
    for (let i = 0; i < 30 && w.state.phase !== 'asking'; i++) answer(plan, w);
    return { plan, w, seq: w.state.awaiting };
  };

  it('is asked before its step only, and lets it go', () => {
    const { plan, w, seq } = untilAsked();
    expect(w.state).toMatchObject({ step: 0, reason: 'asks https://gate.example.com whether wave 1 step 2 may go' });
    feed(plan, w, { type: 'gateSaid', seq, go: true, reason: '', atMs: 5 });
    expect(w.state).toMatchObject({ phase: 'applying', step: 1 });
  });

  it('that refuses holds the step for a person, who may ask again or go past it; nothing goes back', () => {
    const { plan, w, seq } = untilAsked();
    feed(plan, w, { type: 'gateSaid', seq, go: false, reason: '403 no change ticket', atMs: 5 });
    expect(w.state.phase).toBe('needs-person');
    expect(w.state.reason).toContain('the gate does not let 50 % go: 403 no change ticket');
    expect(types(w)).not.toContain('restore');
    feed(plan, w, said('resume', w));
    expect(w.state.phase).toBe('asking');
    feed(plan, w, { type: 'promote', reason: 'x', full: false, atMs: 6 });
    expect(w.state).toMatchObject({ phase: 'applying', step: 1 });
  });
});

describe('a message that names its moment', () => {
  const { state } = world(testPlan());
  const run = { workflowId: 'rollout:a', runId: 'r1' };
  const of = { ...run, wave: 0, step: 0 };
  const first = { ...state, phase: 'gated', step: 0 } as const;

  it('is refused at another step and by another run, with both named', () => {
    expect(refuseMessage('approve', first, { of, run })).toBe('');
    expect(refuseMessage('approve', { ...first, step: 1 }, { of, run })).toBe(
      'approve was said of wave 1 step 1, and the rollout is at wave 1 step 2 now: look at it, and say it anew',
    );
    expect(refuseMessage('approve', first, { of, run: { ...run, runId: 'r2' } })).toContain(
      'another run (rollout:a, run r1)',
    );
  });

  it('goes back or holds at every step of its own run, and of no other: a click that is late must not leave traffic out', () => {
    expect(refuseMessage('abort', { ...first, wave: 1, step: 1 }, { of, run })).toBe('');
    expect(refuseMessage('abort', first, { of, run: { ...run, runId: 'r2' } })).toContain('another run');
  });
});

/** What holds a step forward: freeze windows, and gates that are asked by a web request. */
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import { settlingWorld } from '../../support/settling-world.ts';
import type { Scenario } from './stage.ts';

const HOUR_MS = 3_600_000;

const open = () => ({ closed: [], untilMs: Date.now() + HOUR_MS });
const closed = (forMs: number) => ({
  closed: [{ fromMs: Date.now() - 1_000, untilMs: Date.now() + forMs, why: 'deny window night (mesh shop)' }],
  untilMs: Date.now() + HOUR_MS,
});

const windowed: Partial<Plan> = { windows: { closed: [], untilMs: 0 } };

export const windows: readonly Scenario[] = [
  {
    name: 'window-opens',
    world: (service) =>
      settlingWorld(service, { readWindows: async (_: never, call: number) => (call === 2 ? closed(2_000) : open()) }),
    play: async ({ start, plan, run }) => {
      await start(plan({}, windowed));
      await run().result();
    },
  },
  {
    name: 'glass-is-broken',
    world: (service) => settlingWorld(service, { readWindows: async () => closed(HOUR_MS) }),
    play: async ({ start, plan, until, say, run }) => {
      await start(plan({}, windowed));
      await until('frozen');
      await say('promote', { full: false, breakGlass: true, by: { name: 'alice', how: 'oidc' } });
      await run().result();
    },
  },
  {
    name: 'gate-refuses-once',
    world: (service) =>
      settlingWorld(service, { askGate: async (_: never, call: number) => ({ go: call > 1, reason: 'by test' }) }),
    play: async ({ start, plan, until, say, run }) => {
      const given = plan();
      const gate = { url: 'https://gate.example.com', timeoutMs: HOUR_MS };
      const waves = given.waves.map((wave, i) => ({
        ...wave,
        steps: wave.steps.map((step, j) => (i === 0 && j === 1 ? { ...step, gate } : step)),
      }));
      await start({ ...given, waves });
      await until('needs-person');
      await say('resume');
      await run().result();
    },
  },
];

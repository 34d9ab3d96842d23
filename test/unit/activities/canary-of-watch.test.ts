/** SLOs of the plan's kayenta judge are one canary; an SLO with a judge of its own is judged by itself. */
import { describe, expect, it } from '@jest/globals';
import { judgeSlos } from '../../../activities/watch-slo-judges.ts';
import type { JudgeStates } from '../../../activities/watch-slo-judges.ts';
import { noArm } from '../../../core/analysis/arms.ts';
import type { Arm } from '../../../core/analysis/arms.ts';
import type { Slo } from '../../../core/contract/plan.ts';
import { kayentaExample } from '../../support/peer-judges.ts';

const MINUTE_MS = 60_000;
const judge = kayentaExample.settings;
const slo = (name: string, more: Partial<Slo> = {}): Slo => ({
  name,
  source: 'server',
  indicator: { kind: 'errors' },
  target: 0.99,
  ...more,
});

/** 100 requests in each minute so far; of the new version of the SLO `bad`, 30 more of them fail. */
const arm = (nowMs: number, more: number): Arm => ({
  ...noArm,
  cells: Array.from({ length: nowMs / MINUTE_MS }, (_, i) => ({
    fromMs: i * MINUTE_MS,
    atMs: (i + 1) * MINUTE_MS,
    total: 100,
    bad: 1 + (i % 3) + more,
  })),
  newestMs: nowMs,
});

const watch = (slos: readonly Slo[]) => {
  let states: JudgeStates = {};
  let judged: ReturnType<typeof judgeSlos> = [];
  for (let minute = 1; minute <= 6; minute++) {
    const nowMs = minute * MINUTE_MS;
    const given = slos.map((one) => ({
      slo: one,
      nowMs,
      staleMs: MINUTE_MS,
      strata: [
        {
          cluster: 'aws',
          newVersion: 'v2',
          oldVersion: 'v1',
          newArm: arm(nowMs, one.name === 'bad' ? 30 : 0),
          oldArm: arm(nowMs, 0),
          newWhole: { total: 0, bad: 0 },
          oldWhole: { total: 0, bad: 0 },
          sinceMs: 0,
        },
      ],
    }));
    judged = judgeSlos({ judge }, given, states);
    states = JSON.parse(JSON.stringify(Object.assign({}, ...judged.map((one) => one.states)))) as JudgeStates;
  }
  return judged.flatMap(({ readings }) =>
    readings.map((one) => `${one.slo}${one.shadow === true ? ' in shadow' : ''}: ${one.verdict}`),
  );
};
const four = ['a', 'b', 'c', 'd'].map((name) => slo(name));
const healthy = four.map(({ name }) => `${name}: healthy`);

describe('judgeSlos with a kayenta judge', () => {
  it('scores its SLOs together: one of five that fails is marginal', () => {
    expect(watch([slo('bad'), ...four])).toEqual(['bad: unknown', ...healthy]);
  });

  it('fails with a critical one', () => {
    expect(watch([...four, slo('bad', { kayenta: { critical: true } })])).toEqual([...healthy, 'bad: breach']);
  });

  it('leaves an SLO with a judge of its own, and shadows, by themselves', () => {
    expect(watch([slo('bad', { judge }), ...four])).toEqual(['bad: breach', ...healthy]);
    expect(watch([slo('bad', { shadow: [judge] }), ...four])).toEqual([
      'bad: unknown',
      'bad in shadow: breach',
      ...healthy,
    ]);
  });
});

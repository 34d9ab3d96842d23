/** SLOs of the plan's kayenta judge are one canary; an SLO with a judge of its own is judged by itself. */
import { describe, expect, it } from '@jest/globals';
import { judgeSlos, type JudgeStates } from '../../../../core/judge/look/judges.ts';
import type { Slo } from '../../../../core/judge/settings.ts';
import { kayentaExample } from '../../../support/peer-judges.ts';
import { cellsOf, MINUTE_MS, minutes, SINCE_MS, slo as errors, some, STALE_MS, stratumAt } from '../kayenta/minutes.ts';

const judge = kayentaExample.settings;
const slo = (name: string, more: Partial<Slo> = {}): Slo => ({ ...errors, name, ...more });

const usual = cellsOf(minutes(6, 100, some));
const worse = cellsOf(minutes(6, 100, (i) => 30 + some(i)));

/** After six minutes; 30 % of the new version's requests are bad by the SLO `bad`. */
const watch = (slos: readonly Slo[]) => {
  let states: JudgeStates = {};
  let judged: ReturnType<typeof judgeSlos> = [];
  for (let minute = 1; minute <= 6; minute++) {
    const nowMs = SINCE_MS + minute * MINUTE_MS;
    const given = slos.map((one) => ({
      slo: one,
      nowMs,
      staleMs: STALE_MS,
      strata: [stratumAt({ mine: one.name === 'bad' ? worse : usual, theirs: usual }, nowMs)],
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

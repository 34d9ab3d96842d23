/** A drill moves calls off a cluster in steps, and every end of it is the way back. */
import { describe, expect, it } from '@jest/globals';
import type { Change } from '../../../core/rollout/change.ts';
import type { Plan } from '../../../core/rollout/plan/plan.ts';
import { planChange } from '../../../core/rollout/plan/plan-change.ts';
import type { Drained, RoutingRecord } from '../../../core/routing/record.ts';
import { WHOLE, type Shares } from '../../../core/values/share.ts';
import { clusterNames, facts, record, testConfig } from '../../support/facts.ts';
import { alwaysClosed } from './histories/closed.ts';
import { answer, feed, proof, runToEnd, types, watched, world, type World } from './played.ts';

const [aws, gcp, onprem] = clusterNames;

const calling = (cluster: string, calls: Shares, drained?: Drained): RoutingRecord => {
  const base = record(cluster, { v1: WHOLE });
  const serves = Object.fromEntries(clusterNames.map((name) => [name, { v1: WHOLE }]));
  return {
    ...base,
    topology: { ...base.topology, proven: calls, current: calls, ...(drained !== undefined && { drained }) },
    versions: { ...base.versions, proven: serves, current: serves },
  };
};

function planned(change: Partial<Extract<Change, { kind: 'topology' }>>, drained?: Drained): Plan {
  const own = calling(aws, { [aws]: 600_000, [gcp]: 400_000 }, drained);
  const clusters = clusterNames.map((name) =>
    facts(name, { record: name === aws ? own : calling(name, { [name]: WHOLE }) }),
  );
  const read = { epoch: 1_000, clusters };
  return planChange({ config: testConfig(), read, change: { kind: 'topology', drills: gcp, ...change }, beside: {} });
}

const sharesOf = (plan: Plan, client: string) => plan.waves[0]?.steps.map((one) => one.topology?.[client]?.shares);

describe('the plan of a drill', () => {
  it('takes a quarter, a half and all of what the cluster answers, and is to come back', () => {
    const plan = planned({});
    expect(plan).toMatchObject({ comesBack: true, part: 'topology', onBreach: 'all', version: `drill of ${gcp}` });
    expect(plan.waves[0]?.steps.map(({ share }) => share)).toEqual([250_000, 500_000, WHOLE]);
    expect(sharesOf(plan, aws)).toEqual([
      { [aws]: 700_000, [gcp]: 300_000 },
      { [aws]: 800_000, [gcp]: 200_000 },
      { [aws]: WHOLE },
    ]);
    // A client that it alone answers comes in at both others.
    expect(sharesOf(plan, gcp)?.at(-1)).toEqual({ [aws]: 500_000, [onprem]: 500_000 });
    expect(plan.waves[0]?.clients).toEqual([aws, gcp]);
  });

  it('of a part moves at most that part', () => {
    expect(sharesOf(planned({ share: 500_000 }), aws)).toEqual([
      { [aws]: 650_000, [gcp]: 350_000 },
      { [aws]: 700_000, [gcp]: 300_000 },
      { [aws]: 800_000, [gcp]: 200_000 },
    ]);
  });

  it('gives nothing to a cluster that is drained, and is refused where nobody calls the cluster', () => {
    const drained: Drained = { from: { [aws]: WHOLE }, clusters: { [onprem]: { atMs: 1 } } };
    expect(sharesOf(planned({}, drained), gcp)?.at(-1)).toEqual({ [aws]: WHOLE });
    expect(() => planned({ drills: 'azure' })).toThrow('the mesh has no cluster azure');
    const read = { epoch: 1_000, clusters: [facts(aws, { record: calling(aws, { [aws]: WHOLE }) })] };
    const change: Change = { kind: 'topology', drills: gcp };
    expect(() => planChange({ config: testConfig(), read, change, beside: {} })).toThrow(`no calls go to ${gcp}`);
  });
});

describe('a drill', () => {
  const end = (w: World) => ({ outcome: w.state.outcome, cause: w.state.cause });

  it('that holds every step goes back by itself, and commits nothing', () => {
    const plan = planned({});
    const w = world(plan);
    runToEnd(plan, w);
    expect(end(w)).toEqual({ outcome: 'restored', cause: 'drilled' });
    expect(w.state.reason).toBe(`drill of ${gcp}: every step has held; traffic is verified back`);
    expect(types(w).filter((type) => type === 'apply')).toHaveLength(3);
    expect(types(w)).toContain('restore');
    expect(types(w)).not.toContain('commit');
    expect(types(w)).not.toContain('confirm');
  });

  const untilPhase = (plan: Plan, phase: string): World => {
    const w = world(plan);
    for (let i = 0; i < 30 && w.state.phase !== phase; i++) answer(plan, w);
    return w;
  };

  it('that breaches goes back, and has not held', () => {
    const plan = planned({});
    const w = untilPhase(plan, 'baking');
    answer(plan, w, { watch: watched('breach') });
    runToEnd(plan, w);
    expect(end(w)).toEqual({ outcome: 'restored', cause: 'breach' });
  });

  it('without a verdict asks nobody: it goes back', () => {
    const plan = planned({});
    const w = untilPhase(plan, 'baking');
    answer(plan, w, { watch: watched('unknown') });
    expect(w.state.phase).toBe('restoring');
    runToEnd(plan, w);
    expect(end(w)).toEqual({ outcome: 'restored', cause: 'abort' });
    expect(w.state.reason).toContain('no verdict: unknown by test');
  });

  it('that enters unproven goes back before any share is moved', () => {
    const plan = { ...planned({}), metrics: { kind: 'prometheus' as const } };
    const w = untilPhase(plan, 'entering');
    answer(plan, w, { proof: proof('untested') });
    runToEnd(plan, w);
    expect(end(w)).toEqual({ outcome: 'restored', cause: 'abort' });
    expect(types(w)).not.toContain('apply');
  });

  it('waits for a freeze window before it begins, and for none with calls moved', () => {
    const plan: Plan = { ...planned({}), windows: { closed: [], untilMs: 1_000_000_000 } };
    const w = world(plan);
    const read = (windows: Plan['windows']): void => {
      const i = w.open.findIndex(({ type }) => type === 'readWindows');
      const [command] = i < 0 ? [] : w.open.splice(i, 1);
      if (command !== undefined && 'seq' in command && windows !== undefined)
        feed(plan, w, { type: 'windowsRead', seq: command.seq, read: windows, atMs: w.at });
    };
    read(alwaysClosed);
    expect(w.state.phase).toBe('frozen');
    for (let i = 0; i < 30 && w.state.phase !== 'baking'; i++) {
      read(plan.windows);
      answer(plan, w);
    }
    answer(plan, w);
    expect(w.state).toMatchObject({ phase: 'asking', step: 0 });
    read(alwaysClosed);
    expect(w.state.phase).toBe('restoring');
    runToEnd(plan, w);
    expect(end(w)).toEqual({ outcome: 'restored', cause: 'abort' });
  });
});

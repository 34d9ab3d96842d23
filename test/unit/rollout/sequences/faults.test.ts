/** Known faults of issue 11 that are no rule of every sequence: who waits for whom, who is refused, who wins a tie. */
import { describe, expect, it } from '@jest/globals';
import { planRollout } from '../../../../core/rollout/plan/versions.ts';
import { withShares, type ApplyRoutingInput } from '../../../../core/routing/changes.ts';
import { committed } from '../../../../core/routing/committed.ts';
import { mainVersion } from '../../../../core/routing/weights.ts';
import { WHOLE } from '../../../../core/values/share.ts';
import { clusterOf, configOf, read } from './mesh.ts';
import { start } from './changes.ts';
import { adoptedWorld, giveUp, play, type Step } from './operations.ts';
import type { World } from './run.ts';

function after(...steps: Step[]): World {
  const world = adoptedWorld();
  play(world, steps);
  return world;
}

const recordIn = ({ mesh }: World, name: string) => {
  const { route } = clusterOf(mesh, name);
  if (route === null) throw new Error(`${name} has no record`);
  return route.record;
};

describe('fault 2: a cluster that only calls, adopted again', () => {
  it('a restore after its promotion keeps its redirect: without one nobody answers its calls', () => {
    const world = after(['cluster joins', 'finish', 0, 1], ['adopt', 'finish', 0, 0], ['restore', 'finish', 0, 0]);
    expect(clusterOf(world.mesh, 'c').deployments).toEqual([]);
    expect(clusterOf(world.mesh, 'c').route?.redirected).toBe(true);
  });
});

describe('fault 5: a way back is refused for reasons of its own only', () => {
  it('an undo is taken while one API server is down', () => {
    const world = after(['deploy', 'finish', 0, 3], ['cluster lost', 'finish', 0, 1]);
    expect(start(world, { kind: 'undo' })).toBe('');
  });
});

describe('fault 7: one dead cluster', () => {
  const restoring = (): World => after(['cluster lost', 'finish', 0, 1], ['restore', 'finish', 0, 0]);

  it('does not keep the others from being written back', () => {
    const world = after(['deploy', 'terminate', 14, 3], ['cluster lost', 'finish', 0, 1], ['restore', 'finish', 0, 0]);
    expect(recordIn(world, 'a').versions.current?.['a']?.['v1']).toBe(WHOLE);
  });

  it('does not keep a restore from its end, once a person has given it up', () => {
    const world = restoring();
    expect(world.run?.state.outstanding).toEqual(['b']);
    giveUp(world, 0);
    expect(world.run).toBeNull();
    expect(recordIn(world, 'a').absent).toBeUndefined();
  });
});

describe('fault 10: versions with equal shares', () => {
  it('plan and commit take the same one for the main version', () => {
    const world = after(['deploy', 'terminate', 14, 3]);
    const record = recordIn(world, 'a');
    const tie = { a: { v2: 500_000, v1: 500_000 } };
    const builds = { ...record.builds, v2: { digest: 'img:v2', atMs: 1 } };
    const proven = { ...record, builds, versions: { ...record.versions, proven: tie, current: tie } };
    const { epoch, run } = record.versions;
    const whole = { ...proven, versions: { ...proven.versions, current: { a: { v3: WHOLE } } } };
    expect(committed(whole, { serving: ['a'], epoch, run }).versions.previous).toEqual({ a: mainVersion(tie.a) });
    const { mesh } = adoptedWorld();
    const one = clusterOf(mesh, 'a');
    one.route = { record: proven, redirected: true, text: '' };
    const change = { kind: 'deploy', version: 'v3', image: 'img:v3' } as const;
    const plan = planRollout({ config: configOf(mesh), read: read(mesh), change });
    expect(plan.replaces['a']).toBe(mainVersion(tie.a));
  });
});

describe('attempts of one run', () => {
  // Retried after a timeout, the first attempt may still meet a conflict, read again and write what is past.
  it('the first attempt of a step that comes after the next step is refused', () => {
    const record = recordIn(adoptedWorld(), 'a');
    const { epoch, run } = record.versions;
    const by = { epoch: epoch + 1, run: 'run', replaces: { epoch, run } };
    const ref = { name: 'a', access: { kind: 'kubeconfig', path: '' } } as const;
    const service = { mesh: 'shop', namespace: 'shop', service: 'checkout', installation: 'default' };
    const step = (turn: number, share: number): ApplyRoutingInput => {
      return { service, cluster: ref, ...by, turn, versions: { a: { v1: WHOLE - share, v2: share } } };
    };
    const later = withShares(withShares(record, step(3, 50_000)), step(4, WHOLE));
    expect(() => withShares(later, step(3, 50_000))).toThrow('belong to run run');
  });
});
